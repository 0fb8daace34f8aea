/** pack: a bsroot, or what is new in it, as files to carry. */
import { createHash } from "node:crypto";
import { mkdir, readFile, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { create } from "tar";
import { layout, type Manifest } from "../../cluster/layout.ts";
import { formatBundle, shortName } from "../bundle/bundle-file.ts";
import { writeParts } from "../bundle/parts.ts";
import { parseManifest } from "../manifest.ts";
import { writeWhole } from "../write/atomic.ts";
import { Failure } from "./failure.ts";
import { verify } from "./verify.ts";

export interface PackOptions {
  /** Where the bundle is written. */
  readonly out: string;
  /** A manifest.json of a bsroot that the server already has: files that it names are left out. */
  readonly since?: string;
  /** Bytes; no file of the bundle is larger. */
  readonly split: number;
}

export interface Packed {
  /** The bundle's own file, to be named to unpack. */
  readonly bundle: string;
  readonly parts: readonly string[];
  /** How many files of the bsroot are in it, of how many. */
  readonly files: number;
  readonly of: number;
  readonly bytes: number;
}

/** Throws Failure, also when the bsroot is not what its manifest says: what is carried away cannot be repaired there. */
export async function pack(folder: string, { out, since, split }: PackOptions): Promise<Packed> {
  const root = await realpath(folder).catch(() => resolve(folder));
  await verify(root);
  const text = await readFile(join(root, layout.manifest));
  const manifest = parseManifest(text.toString("utf8"));
  const old = since === undefined ? undefined : await readOld(since);
  const known = new Set(old?.manifest.files.map(({ path, sha256 }) => `${sha256} ${path}`));
  const files = manifest.files.filter(({ path, sha256 }) => !known.has(`${sha256} ${path}`));

  const hash = createHash("sha256").update(text).digest("hex");
  const name = `${manifest.cluster}-${shortName(hash)}`;
  await mkdir(out, { recursive: true, mode: 0o700 });
  // Portable: no owner, no times of this laptop; the same bsroot makes the same bundle.
  const archive = create({ cwd: root, portable: true, noMtime: true, strict: true, linkCache: new WithoutLinks() }, [
    layout.manifest,
    ...files.map(({ path }) => path),
  ]);
  const parts = await writeParts(archive, out, `${name}.tar`, split).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST" ? new Failure([`${error.path}: is there already; name another folder with --out, or delete it`]) : error;
  });
  const bundle = join(out, `${name}.json`);
  await writeWhole(
    bundle,
    formatBundle({ version: 1, cluster: manifest.cluster, manifest: hash, ...(old && { since: old.hash }), parts: [...parts] }),
  );
  const bytes = parts.reduce((sum, { size }) => sum + size, 0);
  return { bundle, parts: parts.map((part) => part.name), files: files.length, of: manifest.files.length, bytes };
}

/** Files that are one on this disk, as twins in a bsroot are, stay two in the archive: whoever unpacks it takes plain files only. */
class WithoutLinks<K extends string> extends Map<K, string> {
  override get(): undefined {
    return undefined;
  }
}

async function readOld(path: string): Promise<{ readonly manifest: Manifest; readonly hash: string }> {
  try {
    const text = await readFile(path);
    return { manifest: parseManifest(text.toString("utf8")), hash: createHash("sha256").update(text).digest("hex") };
  } catch (error) {
    throw new Failure([`${path}: ${(error as Error).message}; name the manifest.json of the bsroot that the server has`]);
  }
}
