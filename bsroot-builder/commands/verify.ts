/** verify: whether a bsroot is what its manifest says, named file by file. */
import { lstat, readdir, readFile, realpath } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { layout, type Manifest } from "../../cluster/layout.ts";
import { type ManifestFile, parseManifest } from "../manifest.ts";
import { sha256Of } from "../write/hash.ts";
import { Failure } from "./failure.ts";

export interface Verification {
  readonly files: number;
  /** Files that no manifest speaks of: not wrong, but nobody vouches for them. */
  readonly warnings: readonly string[];
}

/** Throws Failure naming every difference. */
export async function verify(folder: string): Promise<Verification> {
  const root = await realpath(folder).catch(() => resolve(folder));
  const manifest = await readManifest(root, folder);
  const problems: string[] = [];
  for (const file of manifest.files) problems.push(...(await differences(root, file)));
  const present = await walk(root);
  problems.push(
    ...(await openFolders(root, present.folders)),
    ...present.links.map((path) => `${path}: is a link; a bsroot holds files only`),
  );
  const known = new Set<string>([layout.manifest, ...manifest.files.map(({ path }) => path)]);
  const warnings = present.files.filter((path) => !known.has(path)).map((path) => `${path}: is not in ${layout.manifest}`);
  if (problems.length > 0) throw new Failure([...new Set(problems)].sort(), warnings);
  return { files: manifest.files.length, warnings };
}

async function readManifest(root: string, folder: string): Promise<Manifest> {
  try {
    return parseManifest(await readFile(join(root, layout.manifest), "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const wayOut = "name a folder that bsroot-builder build has finished";
    throw new Failure([`${join(folder, layout.manifest)}: ${code === "ENOENT" ? "is missing" : message}; ${wayOut}`]);
  }
}

async function differences(root: string, file: ManifestFile): Promise<readonly string[]> {
  const path = join(root, file.path);
  const found = await lstat(path).catch(() => undefined);
  if (!found) return [`${file.path}: is missing`];
  if (!found.isFile()) return [`${file.path}: is not a file`];
  const real = await realpath(path);
  if (real !== path) return [`${file.path}: leads to ${real}, through a link`];
  const problems: string[] = [];
  const open = found.mode & 0o077;
  if (file.secret && open !== 0) problems.push(`${file.path}: is a secret that others may read; run chmod 600 on it`);
  if (found.size !== file.size) problems.push(`${file.path}: has ${found.size} bytes instead of ${file.size}`);
  else if ((await sha256Of(path)) !== file.sha256) problems.push(`${file.path}: has other bytes than the manifest says`);
  return problems;
}

async function openFolders(root: string, folders: readonly string[]): Promise<readonly string[]> {
  const secret = folders.filter((path) => path === layout.tls.folder || path.startsWith(`${layout.tls.folder}/`));
  const modes = await Promise.all(secret.map(async (path) => ({ path, mode: (await lstat(join(root, path))).mode })));
  return modes
    .filter(({ mode }) => (mode & 0o077) !== 0)
    .map(({ path }) => `${path}: is a folder of secrets that others may enter; run chmod 700 on it`);
}

interface Present {
  readonly files: readonly string[];
  readonly folders: readonly string[];
  readonly links: readonly string[];
}

/** Everything below `root` but the builder's notes. */
async function walk(root: string): Promise<Present> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const own = entries
    .map((entry) => ({ entry, path: relative(root, join(entry.parentPath, entry.name)).split(sep).join("/") }))
    .filter(({ path }) => path !== layout.build && !path.startsWith(`${layout.build}/`));
  const pathsOf = (kind: "isFile" | "isDirectory" | "isSymbolicLink") =>
    own
      .filter(({ entry }) => entry[kind]())
      .map(({ path }) => path)
      .sort();
  return { files: pathsOf("isFile"), folders: pathsOf("isDirectory"), links: pathsOf("isSymbolicLink") };
}
