/** verify --closed-world: whether everything that any machine will fetch can be had from this bsroot alone. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import type { BootContext, InstallFacts } from "../../cluster/extension.ts";
import { registryHost } from "../../cluster/image-reference.ts";
import { type Lock, layout } from "../../cluster/layout.ts";
import { parse } from "../../cluster/parse.ts";
import { architectures } from "../../cluster/queries.ts";
import { resolve as withVersions } from "../../cluster/resolve.ts";
import { osTarget } from "../../templates/registry.ts";
import { carriedFiles, wantedImages } from "../carried.ts";
import { addOnsFound } from "../closed-world/add-ons.ts";
import { missingOf } from "../closed-world/images.ts";
import { missingOfLists } from "../closed-world/lists.ts";
import { objection, urlsIn, type World } from "../closed-world/references.ts";
import { needsOf } from "../closed-world/texts.ts";
import { listsOf } from "../gather.ts";
import { namelessLink } from "../images/names.ts";
import { parseLock } from "../lock.ts";
import { parseManifest } from "../manifest.ts";
import { Failure } from "./failure.ts";

export interface ClosedWorld {
  readonly machines: number;
  /** Distinct addresses that they are told to fetch. */
  readonly references: number;
  readonly images: number;
}

/** Looks at nothing but `root`. Throws Failure naming each reference that leads nowhere, and who would follow it. */
export async function closedWorld(root: string): Promise<ClosedWorld> {
  const { cluster, lock, paths, ca } = await contents(root);
  const address = cluster.network.bootstrapper;
  const server = { address, http: `http://${address}`, https: `https://${address}`, ca };
  const statics = new Set(
    [...paths].flatMap((path) => (path.startsWith(`${layout.static}/`) ? [path.slice(layout.static.length + 1)] : [])),
  );
  const { bootstrapperName } = cluster.network;
  const hosts = new Set([address, bootstrapperName, `${bootstrapperName}.${cluster.domain}`]);
  const registries = new Set(cluster.kubernetes.imagePullSecrets.map(({ registry }) => `https://${registryHost(registry)}`));
  const world: World = { hosts, statics, registries };

  const problems = new Set<string>();
  const references = new Set<string>();
  for (const machine of everyMachine(cluster)) {
    const context: BootContext = { cluster, machine, os: machine.os, server };
    for (const problem of problemsOf(machine, context, factsFrom(lock, problems, machine), world, paths, references)) problems.add(problem);
  }
  const addOns = await addOnsFound(root, cluster, world);
  for (const problem of addOns.problems) problems.add(problem);
  for (const url of addOns.references) references.add(url);
  const images = [...new Set([...wantedImages(cluster), ...addOns.images])];
  for (const { path } of carriedFiles(cluster)) if (!paths.has(path)) problems.add(`${path}: is missing, and the description asks for it`);
  for (const problem of await missingOfLists(listsOf(cluster, { osTarget }), root, paths)) problems.add(problem);
  for (const name of images) for (const problem of await missingOf(name, architectures(cluster), root, paths)) problems.add(problem);
  for (const name of images) {
    const link = namelessLink(name, cluster);
    if (link !== undefined && !paths.has(link)) problems.add(`image ${name}: nodes do not know its registry, and ${link} is missing`);
  }
  if (problems.size > 0) throw new Failure([...problems].sort());
  return { machines: cluster.machines.length, references: references.size, images: images.length };
}

function problemsOf(
  machine: Machine,
  context: BootContext,
  facts: InstallFacts,
  world: World,
  paths: ReadonlySet<string>,
  references: Set<string>,
): readonly string[] {
  const { texts, secrets, loaders, files } = needsOf(machine, context, facts);
  const told = texts.flatMap(({ what, text }) => urlsIn(text).map((url) => ({ what, url })));
  for (const { url } of told) references.add(url);
  return [
    ...told.flatMap(({ what, url }) => {
      const because = objection(url, world);
      return because === undefined ? [] : [`${machine.name}, ${what}: ${url} ${because}`];
    }),
    ...files
      .filter(({ path }) => !world.statics.has(path))
      .map(({ what, path }) => `${machine.name}, ${what}: ${layout.static}/${path} is missing`),
    ...loaders
      .filter((name) => !paths.has(`${layout.tftp}/${name}`))
      .map((name) => `${machine.name}: its loader ${layout.tftp}/${name} is missing`),
    ...secrets.filter((path) => !paths.has(path)).map((path) => `${machine.name}: its secret ${path} is missing`),
  ];
}

/** Those of the description, and one that is not, where such machines are installed too. */
function everyMachine({ machines, unlisted }: Cluster): readonly Machine[] {
  if (unlisted.become !== "worker") return machines;
  const { become: _, ...like } = unlisted;
  const stranger: Machine = {
    ...like,
    mac: "02:00:00:00:00:01" as Machine["mac"],
    name: "a machine that is not listed",
    roles: ["worker"],
    labels: {},
    options: [],
    secureBoot: false,
  };
  return [...machines, stranger];
}

function factsFrom({ artifacts }: Lock, problems: Set<string>, { name }: Machine): InstallFacts {
  const entry = (path: string) => {
    if (!Object.hasOwn(artifacts, path)) problems.add(`${name}, its install script: ${path} is missing`);
    return artifacts[path] ?? { sha256: "", size: 0 };
  };
  return { sha256: (path) => entry(path).sha256, size: (path) => entry(path).size, ours: [], mayWipe: false };
}

async function contents(root: string): Promise<{ cluster: Cluster; lock: Lock; paths: ReadonlySet<string>; ca: string }> {
  const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");
  const manifest = parseManifest(await read(layout.manifest));
  const parsed = parse(await read(layout.description), layout.description);
  if (!parsed.ok)
    throw new Failure([`${layout.description}: is not a description that this release understands; run bsroot-builder check on it`]);
  const lock = parseLock(await read(layout.lock));
  const paths = new Set(manifest.files.map(({ path }) => path));
  return { cluster: withVersions(parsed.cluster, lock), lock, paths, ca: await read(layout.tls.ca) };
}
