/** outdated and update: what is newer than what sextant.lock pins, and letting go of a pin. */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../cluster/cluster.ts";
import { imageReference, registryUrl } from "../../cluster/image-reference.ts";
import type { Lock } from "../../cluster/layout.ts";
import { LockError, resolve } from "../../cluster/resolve.ts";
import { wantedImages } from "../carried.ts";
import { messageOf } from "../download/error.ts";
import { locate } from "../download/mirrors.ts";
import { inParallel } from "../download/pool.ts";
import { SmallFiles } from "../download/small.ts";
import { opener } from "../download/source.ts";
import { Web } from "../download/web.ts";
import type { Registry } from "../gather.ts";
import { configPath, readCredentials } from "../images/credentials.ts";
import { RegistryDoor } from "../images/registry-door.ts";
import { formatLock } from "../lock.ts";
import { questions } from "../versions.ts";
import { writeWhole } from "../write/atomic.ts";
import { LockFileError, lockPath, readLock } from "../write/lock-file.ts";
import { readDescription } from "./description.ts";
import { Failure } from "./failure.ts";

export interface Newer {
  /** As in sextant.lock, and as `update` takes it: "flatcar/stable/amd64", "quay.io/cilium/cilium:v1.18". */
  readonly name: string;
  /** Absent: nothing is pinned yet. */
  readonly pinned?: string;
  readonly now: string;
}

export interface Outdated {
  readonly newer: readonly Newer[];
  /** Names looked at. */
  readonly asked: number;
  /** One line for each source that did not answer. */
  readonly failures: readonly string[];
}

/** Asks the sources of everything that can move: "current" versions, and tags of images. Throws Failure. */
export async function outdated(file: string, registry: Registry): Promise<Outdated> {
  const { path, cluster } = await readDescription(file);
  const lock = await lockOf(path);
  const web = new Web(process.env);
  try {
    const open = opener(new RegistryDoor(web, await readCredentials(configPath(process.env))));
    const small = new SmallFiles({ open, sleep: async (time) => void (await sleep(time)) });
    const fetched = (url: string): Promise<Uint8Array> => small.get(locate(url, cluster.mirrors, dirname(path)));
    const movable = [
      ...questions(cluster, registry, lock.versions).map(({ key, query }) => ({
        name: key,
        pinned: lock.versions[key],
        url: query.url,
        read: (bytes: Uint8Array) => query.read(new TextDecoder().decode(bytes)),
      })),
      ...imagesAsPinned(cluster, lock)
        .map(imageReference)
        .flatMap((reference) =>
          reference.tag === undefined || reference.digest !== undefined
            ? []
            : [
                {
                  name: reference.name,
                  pinned: lock.images[reference.name],
                  url: registryUrl(reference, "manifests", reference.tag),
                  read: digestOf,
                },
              ],
        ),
    ];
    const failures: string[] = [];
    const answers = await inParallel(movable, 4, async ({ name, pinned, url, read }): Promise<readonly Newer[]> => {
      try {
        const now = read(await fetched(url));
        return now === pinned ? [] : [{ name, now, ...(pinned !== undefined && { pinned }) }];
      } catch (error) {
        failures.push(`${name}: ${url}: ${messageOf(error)}`);
        return [];
      }
    });
    const newer = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    return { newer, asked: movable.length, failures: failures.sort() };
  } finally {
    web.close();
  }
}

/** Those that follow from releases, too, and those that the last build found in the manifests of add-ons, once the lock knows them. */
function imagesAsPinned(cluster: Cluster, lock: Lock): readonly string[] {
  try {
    return [...new Set([...wantedImages(resolve(cluster, lock)), ...Object.keys(lock.images)])];
  } catch (error) {
    if (error instanceof LockError) return cluster.images;
    throw error;
  }
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Forgets the pin of each name, so that the next build looks it up anew. Throws Failure, with nothing changed, for a name that is not pinned. */
export async function update(file: string, names: readonly string[]): Promise<void> {
  const { path } = await readDescription(file);
  const lock = await lockOf(path);
  const known = new Set([...Object.keys(lock.versions), ...Object.keys(lock.images), ...Object.keys(lock.artifacts)]);
  const unknown = names.filter((name) => !known.has(name));
  const pins = [...Object.keys(lock.versions), ...Object.keys(lock.images)].join(", ") || "nothing";
  if (unknown.length > 0) throw new Failure(unknown.map((name) => `${name}: is not pinned in sextant.lock; what moves there: ${pins}`));
  const without = <T>(pinned: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(pinned).filter(([name]) => !names.includes(name)));
  const left: Lock = { ...lock, versions: without(lock.versions), images: without(lock.images), artifacts: without(lock.artifacts) };
  await writeWhole(lockPath(path), formatLock(left));
}

async function lockOf(description: string): Promise<Lock> {
  try {
    return await readLock(lockPath(description));
  } catch (error) {
    throw error instanceof LockFileError ? new Failure([error.message]) : error;
  }
}
