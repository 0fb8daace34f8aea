/** The bootstrapper's image as a docker-archive, built once for each state of what it is made of. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "../../cluster/cluster.ts";
import { writeWhole } from "../write/atomic.ts";
import { fileInImage } from "./docker-archive.ts";
import { ask, type Engine } from "./engines.ts";
import { CONTEXT, filesOf } from "./home.ts";

/** Where the Dockerfile puts it. */
const BILL = "usr/share/sextant/bootstrapper.cdx.json";
/** As long as an image may take to build, in milliseconds. */
const PATIENCE = 60 * 60_000;

export interface ImageRequest {
  /** Where the builder's sources are. */
  readonly home: string;
  readonly architecture: Architecture;
  /** The base image, with node. */
  readonly nodeImage: string;
  /** A folder for images, by what they are made of. */
  readonly kept: string;
  /** Builds it anew although it is there, on the newest base. */
  readonly fresh: boolean;
  /** The registry that npm asks, if not its own. */
  readonly npmRegistry?: string;
}

export interface MadeImage {
  readonly archive: string;
  readonly bill: string;
}

/** The image cannot be had; says what the program that builds it said last. */
export class ImageError extends Error {}

/** What the image is made of, as a hash. Two builders with the same sources agree on it. */
export async function imageKey({
  home,
  architecture,
  nodeImage,
}: Pick<ImageRequest, "home" | "architecture" | "nodeImage">): Promise<string> {
  const hash = createHash("sha256").update(`${architecture} ${nodeImage}\n`);
  const files = await filesOf(home, ["Dockerfile", ".dockerignore", ...CONTEXT]).catch((error: NodeJS.ErrnoException) => {
    throw new ImageError(
      `${error.path}: is missing; the image is built from a checkout of Sextant, so run the builder there, or --bootstrapper program`,
    );
  });
  for (const file of files) {
    const bytes = await readFile(join(home, file));
    hash.update(`${file} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

/** What was built before from the same; undefined when it was not. */
export async function keptImage(
  { kept, architecture }: Pick<ImageRequest, "kept" | "architecture">,
  key: string,
): Promise<MadeImage | undefined> {
  const made = placesOf(kept, architecture, key);
  const there = await Promise.all([stat(made.archive), stat(made.bill)]).catch(() => undefined);
  return there && made;
}

/** Throws ImageError. Images of the same architecture made of something else are removed. */
export async function buildImage(engine: Engine, request: ImageRequest, key: string): Promise<MadeImage> {
  const { home, architecture, nodeImage, kept, fresh, npmRegistry } = request;
  const made = placesOf(kept, architecture, key);
  const draft = `${made.archive}.${process.pid}.part`;
  const name = `localhost/sextant-bootstrapper:${key}`;
  const { version } = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as { version: string };
  const foreign = architecture !== hostArchitecture();
  const args = { NODE_IMAGE: nodeImage, VERSION: version, INPUTS: key, ...(npmRegistry && { NPM_CONFIG_REGISTRY: npmRegistry }) };
  await mkdir(kept, { recursive: true });
  await rm(draft, { force: true });
  const asked = async (words: readonly string[]): Promise<void> => {
    const { code, words: said } = await ask(engine.program, words, PATIENCE);
    if (code === 0) return;
    const lines = said.trim().split("\n").slice(-12).join("\n  ");
    const hint = foreign ? `\n  This host runs ${architecture} programs only with qemu-user-static (binfmt_misc).` : "";
    throw new ImageError(`${engine.program} ${words[0]} failed:\n  ${lines}${hint}`);
  };
  try {
    await asked(engine.build({ context: home, name, args, fresh, ...(foreign && { platform: `linux/${architecture}` }) }));
    await asked(engine.save(name, draft));
    await ask(engine.program, engine.remove(name));
    await writeWhole(made.bill, await fileInImage(draft, BILL));
    await rename(draft, made.archive);
  } finally {
    await rm(draft, { force: true });
  }
  await removeOthers(kept, architecture, key);
  return made;
}

export const hostArchitecture = (): Architecture => (process.arch === "arm64" ? "arm64" : "amd64");

const placesOf = (kept: string, architecture: Architecture, key: string): MadeImage => ({
  archive: join(kept, `bootstrapper-${architecture}-${key}.tar`),
  bill: join(kept, `bootstrapper-${architecture}-${key}.cdx.json`),
});

async function removeOthers(kept: string, architecture: Architecture, key: string): Promise<void> {
  const ours = new RegExp(`^bootstrapper-${architecture}-[0-9a-f]{16}\\.(tar|cdx\\.json)$`);
  for (const name of await readdir(kept)) if (ours.test(name) && !name.includes(key)) await rm(join(kept, name), { force: true });
}
