/** `os_name: CentOS` of the 2016 form: what stands for it today is CentOS Stream, by its own installer. */
import type { Os } from "../cluster.ts";
import type { OriginalForm, PartialOriginalForm } from "./original-form.ts";
import { type Finding, quote } from "./problem.ts";
import { urlPrefix } from "./values.ts";

/** "9-stream" -> "9"; also "9", and a minor release, which CentOS Stream has none of. */
const majorOf = (version: string): string | undefined => /^(9|10)(-stream|\.\d+)?$/.exec(version)?.[1];

/** What CentOS needs of a description, and what of it can not be had any more. */
export function* checkCentos({ os_name, centos_version: version, mirror_site: mirror }: PartialOriginalForm): Iterable<Finding> {
  if (os_name !== "CentOS") return;
  if (version === undefined) {
    yield { path: ["os_name"], message: "CentOS needs its release beside it; write centos_version: 9-stream, or os_name: Flatcar" };
  } else if (majorOf(version) === undefined) {
    const message = `${quote(version)} is a CentOS that has come to its end and is not installed by this release; write 9-stream or 10-stream, or os_name: Flatcar`;
    yield { path: ["centos_version"], message };
  }
  const wrong = mirror === undefined ? undefined : objection(mirror);
  if (wrong !== undefined) yield { path: ["mirror_site"], message: wrong };
}

function objection(mirror: string): string | undefined {
  try {
    urlPrefix(mirror);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return cause.message;
  }
}

/** A mirror's folders are those of the distribution's own: <mirror_site>/9-stream/BaseOS/x86_64/os. */
export function centosOf({ centos_version: version = "", mirror_site: mirror }: OriginalForm): Os {
  const major = majorOf(version) ?? "9";
  return {
    target: "enterprise-linux",
    distribution: "centos-stream",
    version: major,
    ...(mirror !== undefined && { tree: { url: `${mirror.replace(/\/+$/, "")}/${major}-stream/BaseOS/x86_64/os` } }),
  };
}
