/** Takes out of a bsroot what an earlier build put there and this one does not want. Foreign files are left alone. */
import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { layout } from "../../cluster/layout.ts";
import { parseManifest } from "../manifest.ts";
import type { Notes } from "./notes.ts";

/** Folders that only downloads live in. */
const DOWNLOADS = [layout.tftp, layout.static, layout.registry];

/** Answers what it removed; folders left empty go too. */
export async function removeUnwanted(root: string, wanted: ReadonlySet<string>, notes: Notes): Promise<readonly string[]> {
  const ours = new Set([...notes.paths(), ...(await pathsOfManifest(root))]);
  const unwanted = [...ours].filter((path) => !wanted.has(path)).sort();
  for (const path of unwanted) {
    await rm(join(root, path), { force: true });
    await removeEmptyFolders(root, dirname(path));
    notes.forget(path);
  }
  await notes.save();
  return unwanted;
}

/** Halves of downloads that nobody will go on with: call it when every wanted file is there. */
export async function removeParts(root: string): Promise<void> {
  for (const folder of [...DOWNLOADS, layout.build]) {
    const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    for (const name of names) if (/\.part(\.json)?$/.test(name)) await rm(join(root, folder, name), { force: true });
  }
}

async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let at = folder; at !== "."; at = dirname(at)) {
    try {
      await rmdir(join(root, at));
    } catch {
      return; // not empty, or gone already
    }
  }
}

/** The downloads of the last finished build; none if there was none. */
async function pathsOfManifest(root: string): Promise<readonly string[]> {
  try {
    const { files } = parseManifest(await readFile(join(root, layout.manifest), "utf8"));
    return files.map(({ path }) => path).filter((path) => DOWNLOADS.some((folder) => path.startsWith(`${folder}/`)));
  } catch {
    return [];
  }
}
