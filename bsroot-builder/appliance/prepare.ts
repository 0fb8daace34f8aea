/** Puts into a bsroot what its server is started from: the image, the programs for a server without containers, scripts, a unit, bills of materials. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ARCHITECTURES, type Architecture, type Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { serverFiles } from "../../templates/server/server.ts";
import { placeAgain, writeWhole } from "../write/atomic.ts";
import { findEngine } from "./engines.ts";
import { home } from "./home.ts";
import { buildImage, ImageError, imageKey, keptImage, type MadeImage } from "./image.ts";
import { PackageMissing } from "./packages.ts";
import { NotCompiled, writeProgram } from "./program.ts";

/** `auto`: the image where one can be built, and the programs always. */
export const WAYS = ["auto", "image", "program", "none"] as const;

export interface ServerOptions {
  readonly way: (typeof WAYS)[number];
  /** Of the servers that it may run on. */
  readonly architectures: readonly Architecture[];
  /** The image's base. */
  readonly nodeImage: string;
  /** The registry that npm asks, if not its own. */
  readonly npmRegistry?: string;
  /** Where sources and compiled programs are, if not where this one runs from. */
  readonly home?: string;
}

export interface Circumstances {
  readonly root: string;
  readonly cluster: Cluster;
  /** Whether the bsroot holds container images for the nodes. */
  readonly images: boolean;
  /** Absent: what was built is kept with the bsroot alone. */
  readonly cache?: string;
  readonly offline: boolean;
  readonly update: boolean;
  say(text: string): void;
}

export interface Prepared {
  /** Below the bsroot. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/** Throws ServerError. */
export async function prepareServer(options: ServerOptions | undefined, at: Circumstances): Promise<Prepared> {
  const files: string[] = [];
  const warnings: string[] = [];
  const put = async (path: string, text: string, mode = 0o644): Promise<void> => {
    await writeIfChanged(join(at.root, path), text, mode);
    files.push(path);
  };
  if (options !== undefined && options.way !== "none") {
    const program = await inWords(() => writeProgram(options.home ?? home(), join(at.root, layout.server.program)));
    files.push(layout.server.program);
    warnings.push(...slower(program.native, options.architectures));
    await put(layout.server.bill(layout.server.program), program.bill);
    const images = options.way === "program" ? [] : await imagesFor(options, at, warnings);
    for (const { architecture, made } of images) {
      const path = layout.server.images[architecture];
      await placeAgain(made.archive, join(at.root, path));
      files.push(path);
      await put(layout.server.bill(path), await readFile(made.bill, "utf8"));
    }
    for (const { path, text, executable } of serverFiles(at.cluster, at.images)) await put(path, text, executable ? 0o755 : 0o644);
  }
  for (const path of everything()) if (!files.includes(path)) await rm(join(at.root, path), { force: true });
  return { files, warnings };
}

/** The server's files cannot be had: why, and the way out. */
export class ServerError extends Error {}

async function imagesFor(
  options: ServerOptions,
  at: Circumstances,
  warnings: string[],
): Promise<readonly { architecture: Architecture; made: MadeImage }[]> {
  const { architectures, nodeImage, npmRegistry } = options;
  const kept = at.cache === undefined ? join(at.root, layout.build) : join(at.cache, "bootstrapper");
  const images: { architecture: Architecture; made: MadeImage }[] = [];
  for (const architecture of architectures) {
    const request = { home: options.home ?? home(), architecture, nodeImage, kept, fresh: at.update, ...(npmRegistry && { npmRegistry }) };
    const key = await inWords(() => imageKey(request));
    const before = at.update ? undefined : await keptImage(request, key);
    if (before) {
      images.push({ architecture, made: before });
      continue;
    }
    if (at.offline)
      throw new ServerError(
        `the bootstrapper's image for ${architecture} is not in the cache, and --offline forbids to build it; ${OTHERWISE}`,
      );
    const engine = await findEngine();
    if (!engine && options.way === "auto") {
      warnings.push(`there is no bootstrapper's image in this bsroot: neither docker, buildah nor podman works here. ${WITHOUT}`);
      return images;
    }
    if (!engine) throw new ServerError(`neither docker, buildah nor podman works here; install one of them, or ${OTHERWISE}`);
    at.say(`building the bootstrapper's image for ${architecture} with ${engine.program} (some minutes, once)\n`);
    images.push({ architecture, made: await inWords(() => buildImage(engine, request, key)) });
  }
  return images;
}

const OTHERWISE = `build with --bootstrapper program for a server that has node`;
const WITHOUT = `The server starts with ${layout.server.startService}, which needs node alone; for a container install one of them and build again`;

async function inWords<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof NotCompiled || error instanceof PackageMissing)
      throw new ServerError(`${error.message}, or build with --bootstrapper none`);
    if (error instanceof ImageError) throw new ServerError(`the bootstrapper's image: ${error.message}\n  Without it: ${OTHERWISE}`);
    throw error;
  }
}

/** Only this computer's part of koffi is installed here; without theirs, servers of another kind do without the kernel's batches of datagrams. */
function slower(native: readonly string[], architectures: readonly Architecture[]): readonly string[] {
  const wanted = architectures.map((architecture) => `linux-${architecture === "amd64" ? "x64" : architecture}`);
  const missing = native.length === 0 ? [] : wanted.filter((platform) => !native.includes(platform));
  return missing.map(
    (platform) =>
      `${layout.server.program} has koffi for ${native.join(", ")} only: without a container it serves more slowly on ${platform}; build on such a computer`,
  );
}

/** Every path that any build may have put there. */
function everything(): readonly string[] {
  const { images, program, bill, check, startContainer, startService, unit } = layout.server;
  const archives = [program, ...ARCHITECTURES.map((architecture) => images[architecture])];
  return [...archives, ...archives.map(bill), check, startContainer, startService, unit];
}

async function writeIfChanged(path: string, text: string, mode: number): Promise<void> {
  const now = await readFile(path, "utf8").catch(() => undefined);
  if (now !== text) await writeWhole(path, text, mode);
}
