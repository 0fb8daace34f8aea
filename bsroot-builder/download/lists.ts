/** Brings the lists that name further files, reads each as soon as it is in its place, and goes on until nothing new is named. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Artifact, Index, Named } from "../../cluster/extension.ts";
import { unpinnedArtifacts } from "../lock.ts";
import type { Delivery } from "./delivery.ts";
import { type Downloaded, download } from "./download.ts";
import { describe } from "./error.ts";
import { survey } from "./survey.ts";

export interface Listed extends Downloaded {
  /** The lists themselves, and everything they name. */
  readonly artifacts: readonly Artifact[];
}

/** `locked`: a list that the lock does not know yet is a failure. */
export async function readLists(indexes: readonly Index[], jobs: number, locked: boolean, delivery: Delivery): Promise<Listed> {
  const { lock, site } = delivery;
  let all: Listed = { artifacts: [], fetched: [], reused: [], failures: [] };
  for (let next = indexes; next.length > 0 && all.failures.length === 0; ) {
    const lists = next.map(({ artifact }) => artifact);
    const unpinned = locked ? unpinnedArtifacts(lock.value, lists) : [];
    if (unpinned.length > 0) return { ...all, failures: unpinned };
    const { wanted } = await survey(lists, lock.value, site);
    const came = await download(wanted, jobs, delivery);
    const read = came.failures.length > 0 ? [] : await Promise.all(next.map((index) => readOne(index, delivery)));
    const wrong = read.flatMap((one) => (typeof one === "string" ? [one] : []));
    const named = read.flatMap((one) => (typeof one === "string" ? [] : [one]));
    all = {
      artifacts: [...all.artifacts, ...lists, ...named.flatMap(({ artifacts }) => artifacts)],
      fetched: [...all.fetched, ...came.fetched],
      reused: [...all.reused, ...came.reused],
      failures: [...came.failures, ...wrong],
    };
    next = named.flatMap(({ indexes }) => indexes);
  }
  return all;
}

export const alsoListed = (one: Listed, other: Listed): Listed => ({
  artifacts: [...one.artifacts, ...other.artifacts],
  fetched: [...one.fetched, ...other.fetched],
  reused: [...one.reused, ...other.reused],
  failures: [...one.failures, ...other.failures],
});

/** What it names, or why it cannot be read. */
async function readOne({ artifact: { path, url }, read }: Index, { site }: Delivery): Promise<Named | string> {
  const bytes = await readFile(join(site.root, path));
  try {
    return read(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return describe(path, site.locate(url), url, error.message);
  }
}
