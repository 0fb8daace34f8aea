/** Every artifact that an OS target names, by itself or through lists that a test holds ready. */
import type { Artifact, Index } from "../../cluster/extension.ts";

/** What a source answers, by URL. Throws when it has no such file. */
export type Pages = (url: string) => Uint8Array;

export function follow(indexes: readonly Index[], pages: Pages): readonly Artifact[] {
  return indexes.flatMap(({ artifact, read }) => {
    const named = read(pages(artifact.url));
    return [artifact, ...named.artifacts, ...follow(named.indexes, pages)];
  });
}

export const noPages: Pages = (url) => {
  throw new Error(`no test has ${url}`);
};
