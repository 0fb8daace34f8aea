/** What a build did, in a few lines. */
import type { BuildResult } from "./build.ts";

export function summary({ bsroot, kept, fetched, removed, certificates, warnings }: BuildResult): string {
  const lines = [
    ...warnings.map((warning) => `warning: ${warning}`),
    ...certificates.map((certificate) => `certificate ${certificate}`),
    ...removed.map((path) => `removed ${path}`),
    `${bsroot}: ${count(fetched.length, "file")} fetched, ${kept} kept, ${removed.length} removed`,
  ];
  return `${lines.join("\n")}\n`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
