/** build --dry-run: what a build would fetch, how much that is and whether it fits; neither bsroot nor cache nor lock is written. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Cache } from "../download/cache.ts";
import type { Delivery } from "../download/delivery.ts";
import { sizeOverHttp } from "../download/http.ts";
import { locate } from "../download/mirrors.ts";
import { type Planned, planDownloads } from "../download/plan.ts";
import { progressOn } from "../download/progress.ts";
import { SmallFiles } from "../download/small.ts";
import { opener } from "../download/source.ts";
import { freeAt, lacking, Space, tooLittle } from "../download/space.ts";
import { survey } from "../download/survey.ts";
import { NOT_HERE } from "../download/ways.ts";
import type { Registry } from "../gather.ts";
import type { RegistryDoor } from "../images/registry-door.ts";
import { unpinnedArtifacts } from "../lock.ts";
import { planTls } from "../pki/plan.ts";
import { lockPath } from "../write/lock-file.ts";
import { Notes } from "../write/notes.ts";
import { type BuildOptions, everything, loginsOf, openLock, throughTheDoor, wayOf } from "./build.ts";
import { type Description, readDescription } from "./description.ts";
import { Failure } from "./failure.ts";
import { type Terminal, warn } from "./terminal.ts";

export interface DryRun {
  readonly bsroot: string;
  /** How many files are already there. */
  readonly kept: number;
  readonly files: readonly Planned[];
  /** To fetch, as far as sizes are known. */
  readonly bytes: number;
  /** How many of the files to fetch have no size that anybody told. */
  readonly unknown: number;
  /** Bytes on the disk. */
  readonly free: number;
  /** Why the build would fail, one line each. */
  readonly problems: readonly string[];
}

/** Throws Failure when it cannot even be told. */
export async function dryRun(file: string, options: BuildOptions, registry: Registry, terminal: Terminal): Promise<DryRun> {
  const description = await readDescription(file);
  warn(terminal, description.warnings);
  const scratch = await mkdtemp(join(tmpdir(), "sextant-dry-run-"));
  try {
    return await throughTheDoor(async (door, credentials) => {
      await loginsOf(resolve(options.out), description, credentials, terminal);
      return lookAround(scratch, description, options, registry, terminal, door);
    });
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** Lists and manifests must be read to know what they name: they go into `scratch`. */
async function lookAround(
  scratch: string,
  { path, cluster }: Description,
  options: BuildOptions,
  registry: Registry,
  terminal: Terminal,
  door: RegistryDoor,
): Promise<DryRun> {
  const { jobs, locked = false, offline = false } = options;
  const root = resolve(options.out);
  const tls = await planTls(root, cluster, new Date());
  if (tls.problems.length > 0) throw new Failure(tls.problems);
  warn(terminal, tls.warnings);
  const lock = await openLock(lockPath(path), options.update, false);
  const space = Space.of(scratch);
  const tools = {
    open: wayOf(opener(door), options),
    sleep: async (time: number) => void (await sleep(time)),
    reserve: (bytes: number) => space.reserve(bytes),
  };
  const find = (url: string): string => locate(url, cluster.mirrors, dirname(path));
  const cache = new Cache(options.cache, false);
  const aside = { root: scratch, notes: await Notes.open(scratch), locate: find };
  const site = { root, notes: await Notes.open(root, false), locate: find };
  const progress = terminal.events ?? progressOn(terminal.screen, Date.now);
  const delivery: Delivery = { site: aside, lock, tools, small: new SmallFiles(tools), cache, progress, now: () => new Date() };
  const { artifacts } = await everything(cluster, registry, { jobs, locked }, delivery).finally(() => progress.close());
  const unpinned = locked ? unpinnedArtifacts(lock.value, artifacts) : [];
  if (unpinned.length > 0) throw new Failure(unpinned);

  const { kept, wanted } = await survey(artifacts, lock.value, site);
  const measure = async (url: string): Promise<number | undefined> => (offline ? undefined : sizeOverHttp(url, door));
  const { files, failures } = await planDownloads(wanted, jobs, { site, cache, measure });
  const toFetch = files.filter(({ how }) => how === "fetch");
  const bytes = toFetch.reduce((sum, { size = 0 }) => sum + size, 0);
  const unknown = toFetch.filter(({ size }) => size === undefined).length;
  const free = await freeAt(root);
  const missing = lacking(bytes, free);
  const noRoom = missing > 0 ? [`${root}: ${tooLittle(bytes, missing)}`] : [];
  const outside = offline ? toFetch.filter(({ url }) => !url.startsWith("file:")) : [];
  const unreachable = outside.map(({ path, url }) => `${path}: ${url}: ${NOT_HERE}`);
  return { bsroot: root, kept: kept.length, files, bytes, unknown, free, problems: [...failures, ...unreachable, ...noRoom] };
}
