/** unpack and rollback: a carried bundle becomes the server's bsroot, whole or not at all, and the one before is kept. */
import { chmod, lstat, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar";
import { layout } from "../../cluster/layout.ts";
import { type Bundle, parseBundle, shortName } from "../bundle/bundle-file.ts";
import { lookAtPart, readParts } from "../bundle/parts.ts";
import { goBack, manifestHash, putInPlace, versionFolder } from "../bundle/versions.ts";
import { DownloadError } from "../download/error.ts";
import { Space } from "../download/space.ts";
import { parseManifest } from "../manifest.ts";
import { placeAgain } from "../write/atomic.ts";
import { Failure } from "./failure.ts";
import { verify } from "./verify.ts";

export interface Unpacked {
  readonly files: number;
  /** How many of them were already on this server. */
  readonly kept: number;
}

/** Throws Failure; then `target` is what it was. */
export async function unpack(file: string, target: string): Promise<Unpacked> {
  const bundle = await readBundle(file);
  const place = resolve(target);
  const here = await manifestHash(place);
  if (here === bundle.manifest) throw new Failure([`${target}: is this version already`]);
  if (bundle.since !== undefined && bundle.since !== here) {
    const there = here === undefined ? "there is no bsroot here" : `the one here is version ${shortName(here)}`;
    throw new Failure([
      `${file}: holds what is new since version ${shortName(bundle.since)}, and ${there}; pack without --since, or since the version that is here`,
    ]);
  }
  const problems = (await Promise.all(bundle.parts.map((part) => lookAtPart(dirname(file), part)))).filter(
    (problem) => problem !== undefined,
  );
  if (problems.length > 0) throw new Failure(problems);

  await mkdir(dirname(place), { recursive: true });
  const folder = versionFolder(place, bundle.manifest);
  await rm(folder, { recursive: true, force: true }); // an earlier try that was cut short
  try {
    await roomFor(bundle, dirname(place), target);
    await mkdir(folder, { mode: 0o755 });
    await takeOut(bundle, dirname(file), folder);
    const kept = await takeOver(place, folder);
    const { files } = await verify(folder);
    await putInPlace(place, folder);
    return { files, kept };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Answers the name of the version that is in place now. Throws Failure. */
export async function rollback(target: string): Promise<string> {
  const version = await goBack(resolve(target));
  if (version === undefined) throw new Failure([`${target}: there is no earlier version beside it; only unpack keeps one`]);
  return version;
}

async function readBundle(file: string): Promise<Bundle> {
  try {
    return parseBundle(await readFile(file, "utf8"));
  } catch (error) {
    throw new Failure([
      `${file}: ${(error as Error).message}; name the .json file that bsroot-builder pack wrote, with its parts beside it`,
    ]);
  }
}

async function roomFor({ parts }: Bundle, folder: string, target: string): Promise<void> {
  try {
    (await Space.of(folder).reserve(parts.reduce((sum, { size }) => sum + size, 0))).giveBack();
  } catch (error) {
    if (error instanceof DownloadError)
      throw new Failure([`${target}: ${error.message.replace("choose another --out", "name another place with --to")}`]);
    throw error;
  }
}

/** Nothing but plain files below `folder` comes out of the archive; what should not be in it is told before anything is verified. */
async function takeOut({ parts }: Bundle, from: string, folder: string): Promise<void> {
  const strange: string[] = [];
  const filter = (path: string, entry: object): boolean => {
    const type = "type" in entry ? String(entry.type) : "";
    const plain = (type === "File" || type === "OldFile") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
    if (!plain) strange.push(`${path}: is in the bundle as a ${type}, which no bsroot has`);
    return plain;
  };
  try {
    await pipeline(
      Readable.from(readParts(from, parts)),
      extract({ cwd: folder, strict: true, preserveOwner: false, filter }) as unknown as NodeJS.WritableStream,
    );
  } catch (error) {
    throw new Failure([`${basename(from)}: ${(error as Error).message}`]);
  }
  if (strange.length > 0) throw new Failure(strange);
}

/** What the bundle left out is taken over from the version that is here, and everything is brought to the disk for good. */
async function takeOver(place: string, folder: string): Promise<number> {
  const manifest = parseManifest(await readFile(join(folder, layout.manifest), "utf8"));
  let kept = 0;
  for (const { path } of manifest.files) {
    if (await lstat(join(folder, path)).catch(() => undefined)) continue;
    const here = await lstat(join(place, path)).catch(() => undefined);
    if (!here?.isFile()) continue; // verify says what is missing
    await placeAgain(join(place, path), join(folder, path));
    kept += 1;
  }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isSecret = path.slice(folder.length + 1).split("/")[0] === layout.tls.folder;
    if (entry.isDirectory()) await chmod(path, isSecret ? 0o700 : 0o755);
    const file = await open(path, "r");
    await file.sync().finally(() => file.close());
  }
  return kept;
}
