/** build: description -> gather -> lock -> download -> certificates -> write -> manifest. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Artifact } from "../../cluster/extension.ts";
import { imageReference } from "../../cluster/image-reference.ts";
import type { Lock } from "../../cluster/layout.ts";
import { architectures } from "../../cluster/queries.ts";
import { resolve as withVersions } from "../../cluster/resolve.ts";
import { servedTexts } from "../addons/add-on-index.ts";
import { findLogins, KEPT_LOGINS, type Logins } from "../addons/logins.ts";
import { makeAddOns } from "../addons/make.ts";
import type { Prepared } from "../addons/prepare.ts";
import { withSecrets, writeSecrets } from "../addons/secrets.ts";
import { prepareServer, ServerError, type ServerOptions } from "../appliance/prepare.ts";
import { failing, wantedImages } from "../carried.ts";
import { Cache } from "../download/cache.ts";
import type { Delivery } from "../download/delivery.ts";
import { download } from "../download/download.ts";
import { alsoListed, type Listed, readLists } from "../download/lists.ts";
import { locate } from "../download/mirrors.ts";
import { progressOn } from "../download/progress.ts";
import { SmallFiles } from "../download/small.ts";
import { type Open, opener } from "../download/source.ts";
import { Space } from "../download/space.ts";
import { survey } from "../download/survey.ts";
import { lookUp } from "../download/versions.ts";
import { polite, throttled, offline as withoutNetwork } from "../download/ways.ts";
import { Web } from "../download/web.ts";
import { gather, listsOf, onePerPlace, type Registry } from "../gather.ts";
import { type Credentials, configPath, readCredentials } from "../images/credentials.ts";
import { namesOf } from "../images/names.ts";
import { RegistryDoor } from "../images/registry-door.ts";
import { resolveImages } from "../images/resolve.ts";
import type { Link } from "../images/storage.ts";
import { forUpdate, unpinnedArtifacts, unpinnedNames } from "../lock.ts";
import { inWords } from "../pki/in-words.ts";
import { makeTls } from "../pki/make.ts";
import { planTls } from "../pki/plan.ts";
import { questions } from "../versions.ts";
import { assemble } from "../write/assemble.ts";
import { FolderBusy, lockFolder } from "../write/folder-lock.ts";
import { GrowingLock, LockFileError, lockPath, readLock } from "../write/lock-file.ts";
import { Notes } from "../write/notes.ts";
import { removeParts, removeUnwanted } from "../write/sweep.ts";
import { type Description, readDescription } from "./description.ts";
import { Failure } from "./failure.ts";
import { type Terminal, warn } from "./terminal.ts";

export interface BuildOptions {
  readonly out: string;
  /** Downloads at a time; from one host no more than PER_HOST of them. */
  readonly jobs: number;
  /** A folder of downloads, by hash, that several builds share. */
  readonly cache?: string;
  /** Asks anew what "current" is, and believes sources that nothing vouches for once more. */
  readonly update: boolean;
  /** Refuses to build anything but what sextant.lock pins. */
  readonly locked?: boolean;
  /** Fetches nothing over the network: what is not in the bsroot, the cache or a folder is missing. */
  readonly offline?: boolean;
  /** Bytes a second, for all downloads together. */
  readonly limit?: number;
  /** What the server is started from; absent: it has the bootstrapper already. */
  readonly server?: ServerOptions;
}

export interface BuildResult {
  readonly bsroot: string;
  /** How many files were already there. */
  readonly kept: number;
  readonly fetched: readonly string[];
  /** Came from the cache or from the bsroot itself. */
  readonly reused: readonly string[];
  readonly removed: readonly string[];
  readonly certificates: readonly string[];
  /** TSIG keys, as certificates. */
  readonly keys: readonly string[];
  readonly warnings: readonly string[];
}

/** Throws Failure. */
export async function build(file: string, options: BuildOptions, registry: Registry, terminal: Terminal): Promise<BuildResult> {
  const description = await readDescription(file);
  warn(terminal, description.warnings);
  const root = resolve(options.out);
  await mkdir(root, { recursive: true });
  const letGo = await lockFolder(root).catch((error) => {
    throw error instanceof FolderBusy ? new Failure([`${options.out}: ${error.message}`]) : error;
  });
  try {
    return await throughTheDoor(async (door, credentials) => {
      const logins = await loginsOf(root, description, credentials, terminal);
      return buildInto(root, description, logins, options, registry, terminal, wayOf(opener(door), options));
    });
  } finally {
    await letGo();
  }
}

/** With the network at hand, and who we are at which registry. Throws Failure. */
export async function throughTheDoor<T>(work: (door: RegistryDoor, credentials: Credentials) => Promise<T>): Promise<T> {
  const web = new Web(process.env);
  try {
    const credentials = await readCredentials(configPath(process.env)).catch((error: Error) => {
      throw new Failure([error.message]);
    });
    return await work(new RegistryDoor(web, credentials), credentials);
  } finally {
    web.close();
  }
}

/** Asked before anything is fetched, since somebody may have to log in first. Throws Failure. */
export async function loginsOf(root: string, { cluster }: Description, credentials: Credentials, terminal: Terminal): Promise<Logins> {
  const kept = await readFile(join(root, KEPT_LOGINS), "utf8").catch(() => "");
  const logins = await findLogins(kept, cluster, credentials);
  refuse(logins.problems);
  warn(terminal, logins.warnings);
  return logins;
}

export function wayOf(open: Open, options: Pick<BuildOptions, "offline" | "limit">): Open {
  const wait = async (time: number): Promise<void> => void (await sleep(time));
  const way = options.offline ? withoutNetwork(open) : polite(open, wait, Date.now);
  return options.limit === undefined ? way : throttled(way, options.limit, wait, Date.now);
}

async function buildInto(
  root: string,
  { path, text, cluster, warnings }: Description,
  logins: Logins,
  { jobs, update, cache, locked = false, offline = false, server }: BuildOptions,
  registry: Registry,
  terminal: Terminal,
  open: Open,
): Promise<BuildResult> {
  const { screen } = terminal;
  const now = () => new Date();
  const tls = await planTls(root, cluster, now());
  if (tls.problems.length > 0) throw new Failure(tls.problems);
  warn(terminal, tls.warnings);
  const lock = await openLock(lockPath(path), update);

  const progress = terminal.events ?? progressOn(screen, Date.now);
  const space = Space.of(root);
  const tools = { open, sleep: async (time: number) => void (await sleep(time)), reserve: (bytes: number) => space.reserve(bytes) };
  const site = { root, notes: await Notes.open(root), locate: (url: string) => locate(url, cluster.mirrors, dirname(path)) };
  const delivery: Delivery = { site, lock, tools, small: new SmallFiles(tools), cache: new Cache(cache), progress, now };
  try {
    const { artifacts, named, lists, addOns, resolved } = await everything(cluster, registry, { jobs, locked }, delivery);
    const { kept, wanted } = await survey(artifacts, lock.value, site);
    if (locked) refuse(unpinnedArtifacts(lock.value, artifacts));
    const { failures, ...came } = await download(wanted, jobs, delivery);
    if (failures.length > 0) throw new Failure(failures);
    const [fetched, reused] = [[...lists.fetched, ...came.fetched].sort(), [...lists.reused, ...came.reused].sort()];

    await makeTls(root, cluster, tls, now());
    const whole = await withSecrets(root, resolved, addOns, now(), logins.known);
    await writeSecrets(root, whole);
    const paths = new Set(artifacts.map((artifact) => artifact.path));
    const texts = servedTexts(whole);
    const removed = await removeUnwanted(root, new Set([...paths, ...[...named, ...texts].map(({ path }) => path)]), site.notes);
    await removeParts(root);
    await lock.keepOnly(paths);
    const say = (text: string) => void screen.write(text);
    const circumstances = { root, cluster, images: named.length > 0, offline, update, say, ...(cache !== undefined && { cache }) };
    const prepared = await prepareServer(server, circumstances).catch((error) => {
      throw error instanceof ServerError ? new Failure([error.message]) : error;
    });
    warn(terminal, prepared.warnings);
    const contents = { artifacts, texts, links: named, server: prepared.files, lock: lock.value };
    await assemble(root, { cluster: cluster.name, description: text, ...contents });
    return {
      bsroot: root,
      kept: kept.length,
      fetched,
      reused,
      removed,
      ...inWords(tls),
      warnings: [...warnings, ...logins.warnings, ...tls.warnings, ...prepared.warnings],
    };
  } finally {
    progress.close();
  }
}

export interface Everything {
  readonly artifacts: readonly Artifact[];
  /** Names of container images. */
  readonly named: readonly Link[];
  readonly lists: Listed;
  readonly addOns: readonly Prepared[];
  /** Without any "current". */
  readonly resolved: Cluster;
}

/** What the bsroot will consist of: versions, images and lists are asked for where nothing here knows them. Throws Failure. */
export async function everything(
  cluster: Cluster,
  registry: Registry,
  { jobs, locked }: { readonly jobs: number; readonly locked: boolean },
  delivery: Delivery,
): Promise<Everything> {
  const { lock } = delivery;
  const asked = (known: Lock["versions"]) => questions(cluster, registry, known);
  if (locked) refuse(unpinnedNames(lock.value, asked(lock.value.versions), []));
  const unknown = await lookUp(asked, delivery);
  if (unknown.length > 0) throw new Failure(unknown);
  const resolved = withVersions(cluster, lock.value);
  refuse(failing(resolved));
  const { prepared: addOns, listed } = await makeAddOns(resolved, jobs, locked, process.env["PATH"], delivery);
  if (listed.failures.length > 0) throw new Failure(listed.failures);
  const wantedNames = [...new Set([...wantedImages(resolved), ...addOns.flatMap(({ images }) => images)])];
  if (locked) refuse(unpinnedNames(lock.value, [], wantedNames));
  const images = await resolveImages(wantedNames.map(imageReference), architectures(cluster), jobs, delivery);
  if (images.failures.length > 0) throw new Failure(images.failures);
  const named = namesOf(images.images, resolved);
  const lists = alsoListed(listed, await readLists(listsOf(resolved, registry), jobs, locked, delivery));
  if (lists.failures.length > 0) throw new Failure(lists.failures);
  const artifacts = [...onePerPlace([...gather(resolved, registry), ...lists.artifacts]), ...images.artifacts];
  return { artifacts, named, lists, addOns, resolved };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new Failure(problems);
}

/** `mayWrite`: false for who only looks. Throws Failure. */
export async function openLock(path: string, update: boolean, mayWrite = true): Promise<GrowingLock> {
  try {
    const lock = await readLock(path);
    return new GrowingLock(mayWrite ? path : undefined, update ? forUpdate(lock) : lock);
  } catch (error) {
    throw error instanceof LockFileError ? new Failure([error.message]) : error;
  }
}
