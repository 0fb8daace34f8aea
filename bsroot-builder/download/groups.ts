/** Artifacts that come out of one download: the same archive, or the same file under several names. */
import type { Verify } from "../../cluster/extension.ts";
import type { Wanted } from "./delivery.ts";

export interface Group {
  readonly url: string;
  readonly verify: Verify;
  /** Not empty. */
  readonly wanted: readonly Wanted[];
  readonly isArchive: boolean;
}

export function groups(wanted: readonly Wanted[]): readonly Group[] {
  const found = new Map<string, Wanted[]>();
  for (const one of wanted) {
    const { url, verify, member } = one.artifact;
    const key = JSON.stringify([url, verify, member !== undefined]);
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return [...found.values()].map((wanted) => {
    const { url, verify, member } = wanted[0]!.artifact;
    return { url, verify, wanted, isArchive: member !== undefined };
  });
}
