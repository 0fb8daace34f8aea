/** A place to build a bsroot in: a description, a misbehaving mirror, artifacts of the test's own, and certificates made once. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { type BuildOptions, type BuildResult, build } from "../../bsroot-builder/commands/build.ts";
import { Failure } from "../../bsroot-builder/commands/failure.ts";
import type { Registry } from "../../bsroot-builder/gather.ts";
import { makeTls } from "../../bsroot-builder/pki/make.ts";
import { planTls } from "../../bsroot-builder/pki/plan.ts";
import type { Os } from "../../cluster/cluster.ts";
import type { Artifact, OsTarget, VersionQuery } from "../../cluster/extension.ts";
import type { Lock, Manifest } from "../../cluster/layout.ts";
import { parse } from "../../cluster/parse.ts";
import { type Mirror, startMirror } from "./mirror.ts";

export const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0QxFeASztlHYA1mfAQvXJJTGHcbCO0tTLnWw49wGfy admin@laptop";

export interface DescriptionOptions {
  /** YAML of `os:`, in braces. */
  readonly os?: string;
  readonly machines?: readonly string[];
  /** from -> to */
  readonly mirrors?: Readonly<Record<string, string>>;
  readonly images?: readonly string[];
  /** YAML of `dns:`, in braces. */
  readonly dns?: string;
  /** YAML of `network.subnets:`, in brackets. */
  readonly subnets?: string;
  /** YAML of `kubernetes:`, in braces. */
  readonly kubernetes?: string;
}

export const CP = '{ mac: "52:54:00:00:00:11", name: cp-1, address: 10.77.0.11, roles: [control-plane] }';
export const WORKER = '{ mac: "52:54:00:00:00:12", name: worker-1, address: 10.77.0.12 }';

export const description = ({
  os = "{ target: flatcar, version: 4593.2.5 }",
  machines = [CP, WORKER],
  mirrors = {},
  images = [],
  dns = "{}",
  subnets = "[]",
  kubernetes,
}: DescriptionOptions = {}): string =>
  `cluster: demo
domain: demo.lan
network: { subnet: 10.77.0.0/24, bootstrapper: 10.77.0.1, range: 10.77.0.100-10.77.0.199, subnets: ${subnets} }
dns: ${dns}
${kubernetes === undefined ? "" : `kubernetes: ${kubernetes}\n`}os: ${os}
sshKeys: ["${SSH_KEY}"]
images: [${images.map((image) => JSON.stringify(image)).join(", ")}]
machines:
${machines.map((machine) => `  - ${machine}\n`).join("")}mirrors:${
    Object.keys(mirrors).length === 0
      ? " []\n"
      : `\n${Object.entries(mirrors)
          .map(([from, to]) => `  - { from: "${from}", to: "${to}" }\n`)
          .join("")}`
  }`;

/** An operating system that consists of these artifacts. */
export function registryOf(artifacts: (version: string) => readonly Artifact[], latest?: VersionQuery): Registry {
  const unused = (): never => {
    throw new Error("the builder asks for artifacts and versions only");
  };
  const target: OsTarget = {
    name: "flatcar",
    latest: () => latest,
    artifacts: (os: Os) => artifacts(os.target === "flatcar" ? os.version : ""),
    live: unused,
    installScript: unused,
    config: unused,
  };
  return { osTarget: () => target, loaderArtifacts: () => [] };
}

export interface Workshop {
  readonly folder: string;
  readonly mirror: Mirror;
  /** What progress said so far. */
  readonly said: string[];
  path(...parts: string[]): string;
  put(path: string, content: string | Uint8Array): Promise<void>;
  read(path: string): Promise<string>;
  build(registry: Registry, options?: Partial<BuildOptions>): Promise<BuildResult>;
  /** The problems of a build that must fail. */
  failures(registry: Registry, options?: Partial<BuildOptions>): Promise<readonly string[]>;
  lock(): Promise<Lock>;
  manifest(): Promise<Manifest>;
  close(): Promise<void>;
}

export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), "sextant-build-"));
  const mirror = await startMirror();
  const said: string[] = [];
  const path = (...parts: string[]) => join(folder, ...parts);
  const screen = { write: (text: string) => void said.push(text), isTTY: false, columns: 80 };
  const workshop: Workshop = {
    folder,
    mirror,
    said,
    path,
    async put(name, content) {
      await mkdir(dirname(path(name)), { recursive: true });
      await writeFile(path(name), content);
    },
    read: (name) => readFile(path(name), "utf8"),
    build: (registry, options) =>
      build(path("cluster-desc.yml"), { out: path("bsroot"), jobs: 4, update: false, ...options }, registry, { out: () => {}, screen }),
    async failures(registry, options) {
      const outcome = await workshop.build(registry, options).catch((error) => error);
      if (outcome instanceof Failure) return outcome.problems;
      throw outcome instanceof Error ? outcome : new Error("the build was expected to fail");
    },
    lock: async () => JSON.parse(await readFile(path("sextant.lock"), "utf8")) as Lock,
    manifest: async () => JSON.parse(await readFile(path("bsroot/manifest.json"), "utf8")) as Manifest,
    async close() {
      await mirror.close();
      await rm(folder, { recursive: true });
    },
  };
  await workshop.put("cluster-desc.yml", description());
  await placeTls(path("bsroot"));
  return workshop;
}

let tls: Promise<ReadonlyMap<string, Uint8Array>> | undefined;

/** Keys take a second to make; tests that are not about them share one set, for the two machines above. */
export async function placeTls(root: string): Promise<void> {
  tls ??= makeOnce();
  for (const [path, bytes] of await tls) {
    await mkdir(dirname(join(root, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(root, path), bytes, { mode: 0o600 });
  }
}

async function makeOnce(): Promise<ReadonlyMap<string, Uint8Array>> {
  const root = await mkdtemp(join(tmpdir(), "sextant-tls-"));
  const parsed = parse(description(), "cluster-desc.yml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const now = new Date();
  await makeTls(root, parsed.cluster, await planTls(root, parsed.cluster, now), now);
  const entries = await readdir(join(root, "tls"), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(root, join(parentPath, name)));
  const files = await Promise.all(paths.map(async (path) => [path, await readFile(join(root, path))] as const));
  await rm(root, { recursive: true });
  return new Map(files);
}
