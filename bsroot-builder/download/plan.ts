/** What a build would fetch and how much that is: sizes are asked for where nobody has told them yet, and nothing is written. */
import type { Cache } from "./cache.ts";
import { knownHash, twinOf } from "./deliver.ts";
import type { Site, Wanted } from "./delivery.ts";
import { sizeBefore } from "./download.ts";
import { DownloadError, describe, messageOf, withoutPasswords } from "./error.ts";
import { type Group, groups } from "./groups.ts";
import { hostOf, inParallel, PER_HOST } from "./pool.ts";
import { lookAtSource } from "./survey.ts";

export interface Planned {
  /** Inside the bsroot; of an archive, the first of what comes out of it. */
  readonly path: string;
  /** Where from, mirrors applied. */
  readonly url: string;
  /** `reuse`: from the cache, or from the bsroot itself. */
  readonly how: "fetch" | "reuse";
  /** Bytes; absent: nobody says before it is fetched. */
  readonly size?: number;
  readonly because: string;
}

export interface Plan {
  /** In the order of their paths. */
  readonly files: readonly Planned[];
  /** One line for each that the source would not give. */
  readonly failures: readonly string[];
}

export interface Means {
  readonly site: Site;
  readonly cache: Cache;
  /** Bytes of what is at an http(s) URL; throws DownloadError. */
  measure(url: string): Promise<number | undefined>;
}

export async function planDownloads(wanted: readonly Wanted[], jobs: number, means: Means): Promise<Plan> {
  const failures: string[] = [];
  const results = await inParallel(
    groups(wanted),
    jobs,
    async (group): Promise<readonly Planned[]> => {
      const missing: Wanted[] = [];
      const reused: Planned[] = [];
      for (const one of group.wanted) {
        if (!(await isHere(one, means))) missing.push(one);
        else reused.push({ ...place(one, group, means), how: "reuse", ...sizeBefore({ ...group, wanted: [one] }), because: one.because });
      }
      const [first] = missing;
      if (!first) return reused;
      try {
        const size = await sizeOf({ ...group, wanted: missing }, means);
        return [...reused, { ...place(first, group, means), how: "fetch", ...(size !== undefined && { size }), because: first.because }];
      } catch (error) {
        if (!(error instanceof DownloadError)) throw error;
        failures.push(describe(first.artifact.path, means.site.locate(group.url), group.url, messageOf(error)));
        return reused;
      }
    },
    { of: ({ url }) => hostOf(means.site.locate(url)), width: PER_HOST },
  );
  const files = results.flatMap((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), failures: failures.sort() };
}

const place = ({ artifact }: Wanted, { url }: Group, { site }: Means): Pick<Planned, "path" | "url"> => ({
  path: artifact.path,
  url: withoutPasswords(site.locate(url)),
});

async function isHere(one: Wanted, { site, cache }: Means): Promise<boolean> {
  const sha256 = knownHash(one);
  return sha256 !== undefined && ((await twinOf(sha256, site)) !== undefined || (await cache.has(sha256)));
}

async function sizeOf(group: Group, { site, measure }: Means): Promise<number | undefined> {
  const known = sizeBefore(group).size;
  if (known !== undefined) return known;
  const url = site.locate(group.url);
  if (!url.startsWith("file:")) return measure(url);
  const look = await lookAtSource(url);
  if (!look) throw new DownloadError("there is no such file; check the path, or mount the disk it is on");
  return look.size;
}
