/** Files that the user names: where they are kept, and how they are checked. */
import { createHash } from "node:crypto";
import type { Source } from "../../cluster/cluster.ts";
import type { Artifact } from "../../cluster/extension.ts";
import { layout } from "../../cluster/layout.ts";

/** `folder` is the target's own, below /static. */
export const artifactIn =
  (folder: string) =>
  (source: Source): Artifact => ({
    path: `${layout.static}/${placeIn(folder)(source)}`,
    url: source.url,
    verify: source.sha256 === undefined ? { by: "first-use" } : { by: "sha256", sha256: source.sha256 },
  });

/**
 * Below /static: one folder for each URL and expected hash, so that files of the same name stay apart and a changed hash is
 * another file. The file keeps its name, because its ending says how it is packed.
 */
export const placeIn =
  (folder: string) =>
  ({ url, sha256 = "" }: Source): string => {
    const id = createHash("sha256").update(`${url}\n${sha256.toLowerCase()}`).digest("hex").slice(0, 16);
    // Names that begin with a dot are hidden from HTTP, those that end in .part are half a download, long ones fit no file system.
    const name = new URL(url).pathname
      .split("/")
      .at(-1)!
      .replace(/[^A-Za-z0-9._-]/g, "_")
      .slice(-100)
      .replace(/^[^A-Za-z0-9]+|(\.part)+$/g, "");
    return `${folder}/${id}/${name || "image"}`;
  };
