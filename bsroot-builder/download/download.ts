/** Brings every wanted artifact into the bsroot, several at a time. */
import { join } from "node:path";
import { lookAt } from "../write/notes.ts";
import { deliver, type How } from "./deliver.ts";
import type { Delivery, Wanted } from "./delivery.ts";
import { DownloadError, describe, messageOf, troubleOf } from "./error.ts";
import { type Group, groups } from "./groups.ts";
import { hostOf, inParallel, PER_HOST } from "./pool.ts";
import { lookAtSource } from "./survey.ts";

export interface Downloaded {
  readonly fetched: readonly string[];
  /** Came from the cache or from the bsroot itself. */
  readonly reused: readonly string[];
  /** With file and URL, one line each. */
  readonly failures: readonly string[];
}

/** When one fails, the others go on. */
export async function download(wanted: readonly Wanted[], jobs: number, delivery: Delivery): Promise<Downloaded> {
  const all = groups(wanted);
  const noRoom = await lackOfRoom(all, delivery);
  if (noRoom !== undefined) return { fetched: [], reused: [], failures: [noRoom] };
  delivery.progress.expect(all.map((group) => ({ path: group.wanted[0]!.artifact.path, ...sizeBefore(group) })));
  const failures: string[] = [];
  const came: (readonly [Wanted, How])[] = [];
  const results = await inParallel(
    all,
    jobs,
    async (group) => {
      const path = group.wanted[0]!.artifact.path;
      try {
        const how = await deliver(group, delivery);
        came.push(...how);
        const [first] = group.wanted;
        delivery.progress.done(path, { how: how.get(first!)!, size: sizeOf(group, delivery), because: first!.because });
      } catch (error) {
        if (!(error instanceof DownloadError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
        const failure = describe(path, delivery.site.locate(group.url), group.url, messageOf(error));
        failures.push(failure);
        delivery.progress.done(path, { how: "failed", because: failure });
      }
    },
    { of: ({ url }) => hostOf(delivery.site.locate(url)), width: PER_HOST },
  );
  const unsaved = await troubleSaving(delivery);
  if (unsaved !== undefined) failures.push(unsaved);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  const paths = (how: How) => came.flatMap(([{ artifact }, which]) => (which === how ? [artifact.path] : [])).sort();
  return { fetched: paths("fetched"), reused: paths("reused"), failures: failures.sort() };
}

/** What was fetched is remembered, unless the disk has no room even for that. */
async function troubleSaving({ lock, site }: Delivery): Promise<string | undefined> {
  try {
    await lock.save();
    await site.notes.save();
    return undefined;
  } catch (error) {
    if (troubleOf(error) === undefined) throw error;
    return `${site.root}: ${messageOf(error)}`;
  }
}

/** Of what is fetched, as far as it is known before anybody is asked. */
export function sizeBefore({ wanted, isArchive }: Group): { readonly size?: number } {
  const pinned = isArchive ? undefined : wanted.find(({ pin }) => pin)?.pin?.size;
  const size = pinned ?? wanted.find(({ artifact }) => artifact.size !== undefined)?.artifact.size;
  return size === undefined ? {} : { size };
}

const sizeOf = ({ wanted }: Group, { lock }: Delivery): number => {
  const distinct = new Map(wanted.map(({ artifact }) => lock.value.artifacts[artifact.path]!).map(({ sha256, size }) => [sha256, size]));
  return [...distinct.values()].reduce((sum, size) => sum + size, 0);
};

async function lackOfRoom(all: readonly Group[], delivery: Delivery): Promise<string | undefined> {
  try {
    (await delivery.tools.reserve(await bytesToCome(all, delivery))).giveBack();
    return undefined;
  } catch (error) {
    if (error instanceof DownloadError) return `${delivery.site.root}: ${error.message}`;
    throw error;
  }
}

/** As far as it is known before anything is asked: pinned sizes and local files, less what has arrived already. */
async function bytesToCome(all: readonly Group[], { site }: Delivery): Promise<number> {
  const sizes = all.map(async (group) => {
    const { url, wanted } = group;
    const size = sizeBefore(group).size ?? (await lookAtSource(site.locate(url)))?.size ?? 0;
    if (size < SMALL) return size;
    const arrived = (await lookAt(join(site.root, `${wanted[0]!.artifact.path}.part`)))?.size ?? 0;
    return Math.max(0, size - arrived);
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Bytes; a half of less is not worth a look. */
const SMALL = 1 << 20;
