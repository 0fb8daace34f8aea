/** What a build did, in a few lines. */
import type { BuildResult } from "./build.ts";

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
