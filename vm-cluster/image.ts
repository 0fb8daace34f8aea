/** The node image, built once for each state of its inputs and kept in .cache/vm-cluster/<hash of the inputs>. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Os, Source } from "../cluster/cluster.ts";
import { run } from "./command.ts";

const SCRIPTS = "vm-cluster/image";
const CACHE = ".cache/vm-cluster";
const PARTS = ["node.raw.zst", "vmlinuz", "live.initrd"] as const;

export interface Image {
  readonly folder: string;
  readonly os: Extract<Os, { target: "raw-image" }>;
  /** Laid out like the internet: <folder>/github.com/... */
  readonly mirror: string;
  /** The installer system. */
  readonly kernel: string;
  readonly initrd: string;
}

/** `say` is told when something takes long. */
export async function image(say: (text: string) => void): Promise<Image> {
  const folder = resolve(CACHE, await hashOfInputs());
  if (!existsSync(folder)) {
    say(`building the node image (about 3 minutes, once; kept in ${CACHE})`);
    mkdirSync(CACHE, { recursive: true });
    // flock: a second build of the same image waits for this one and finds it done.
    await run("flock", [join(CACHE, "lock"), process.execPath, "--import", "tsx", import.meta.filename, folder], { show: true });
  }
  return imageIn(folder);
}

function imageIn(folder: string): Image {
  const sums = new Map(
    readFileSync(join(folder, "SHA256SUMS"), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(/ [ *]/, 2).reverse() as [string, string]),
  );
  const source = (name: (typeof PARTS)[number]): Source => ({ url: pathToFileURL(join(folder, name)).href, sha256: sums.get(name)! });
  return {
    folder,
    os: { target: "raw-image", image: source("node.raw.zst"), kernel: source("vmlinuz"), initrd: source("live.initrd") },
    mirror: join(folder, "mirror"),
    kernel: join(folder, "vmlinuz"),
    initrd: join(folder, "live.initrd"),
  };
}

/** The scripts with their modes, and every package with its version that they would bring today. */
async function hashOfInputs(): Promise<string> {
  const hash = createHash("sha256");
  for (const path of filesBelow(SCRIPTS)) {
    const { mode } = statSync(path);
    hash.update(`${path} ${mode & 0o111 ? "runs" : "lies"}\n`).update(readFileSync(path));
  }
  hash.update(await run("bash", ["-c", `. ${SCRIPTS}/apt.sh && bookworm && resolved node initrd && resolved parts`]));
  return hash.digest("hex").slice(0, 16);
}

const filesBelow = (folder: string): readonly string[] =>
  (readdirSync(folder, { recursive: true, encoding: "utf8" }) as string[])
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort();

/** Builds into a folder beside, which becomes the wanted one in one step. Older images go. */
async function build(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await run(join(SCRIPTS, "build.sh"), [fresh], { show: true });
  writeFileSync(join(fresh, "SHA256SUMS"), await run("sha256sum", [...PARTS], { cwd: fresh }));
  for (const name of readdirSync(CACHE).filter((name) => /^[0-9a-f]{16}/.test(name) && join(resolve(CACHE), name) !== fresh)) {
    rmSync(join(CACHE, name), { recursive: true, force: true });
  }
  renameSync(fresh, folder);
}

const wanted = process.argv[1] === import.meta.filename ? process.argv[2] : undefined;
if (wanted !== undefined) await build(wanted);
