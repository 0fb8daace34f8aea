/** What a build did, or would do, in a few lines. */
import { inWords } from "../download/space.ts";
import type { BuildResult } from "./build.ts";
import type { DryRun } from "./dry-run.ts";

export function summary({ bsroot, kept, fetched, reused, removed, certificates, keys }: BuildResult): string {
  const counts = [
    `${fetched.length === 1 ? "1 file" : `${fetched.length} files`} fetched`,
    `${kept} kept`,
    ...(reused.length > 0 ? [`${reused.length} from the cache`] : []),
    `${removed.length} removed`,
  ];
  return [
    ...certificates.map((certificate) => `certificate ${certificate}`),
    ...keys.map((key) => `key ${key}`),
    ...removed.map((path) => `removed ${path}`),
    `${bsroot}: ${counts.join(", ")}`,
    "",
  ].join("\n");
}

export function planInWords({ bsroot, kept, files, bytes, unknown, free, problems }: DryRun): string {
  const toFetch = files.filter(({ how }) => how === "fetch");
  const counts = [
    `${toFetch.length === 1 ? "1 file" : `${toFetch.length} files`} to fetch`,
    [...(bytes > 0 || unknown === 0 ? [inWords(bytes)] : []), ...(unknown > 0 ? [`${unknown} of unknown size`] : [])].join(" and "),
    `${files.length - toFetch.length} from the cache`,
    `${kept} kept`,
    `${inWords(free)} free on the disk${problems.length === 0 ? "" : "; the build would fail"}`,
  ];
  return [
    ...files.map(({ how, path, size, because, url }) => {
      const much = size === undefined ? "size unknown" : inWords(size);
      return `${how} ${path}: ${much}: ${because}${how === "fetch" ? ` (${url})` : ""}`;
    }),
    `${bsroot}: ${counts.join(", ")}`,
    "",
  ].join("\n");
}
