/** Files that are there whole or not at all, also after a power cut. */
import { execFile } from "node:child_process";
import { constants, copyFile, link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Replaces `path`, durably; its folder is made if need be. */
export async function writeWhole(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  await replace(path, data, mode, true);
  await syncFolder(dirname(path));
}

/** The same for what may be lost in a power cut, because it can be found out again. */
export const writeLightly = (path: string, data: string): Promise<void> => replace(path, data, 0o644, false);

async function replace(path: string, data: string | Uint8Array, mode: number, sync: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = draftOf(path);
  try {
    const file = await open(draft, "w", mode);
    try {
      await file.chmod(mode); // the mode given to open() is cut by the umask
      await file.writeFile(data);
      if (sync) await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

let drafts = 0;
/** A name of its own, as the same file may be written twice at a time: two images can have one manifest. */
function draftOf(path: string): string {
  drafts += 1;
  return `${path}.${process.pid}-${drafts}.part`;
}

/** The same bytes under a second name, durably: a hard link, or a copy where the file system has none. Replaces `to`. */
export async function placeAgain(from: string, to: string): Promise<void> {
  await placeLightly(from, to);
  await syncFolder(dirname(to));
}

/** The same for a name that may be lost in a power cut. */
export async function placeLightly(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const draft = draftOf(to);
  await rm(draft, { force: true });
  await link(from, draft).catch(() => copyFile(from, draft, constants.COPYFILE_FICLONE));
  await rename(draft, to);
  await rm(draft, { force: true }); // rename() does nothing when both already are the same file
}

/** Makes the bytes of these files and their names below `root` durable; of many, with everything else on their disk, which is far quicker. */
export async function syncFiles(root: string, paths: readonly string[]): Promise<void> {
  if (paths.length > FEW && (await syncDisk(root))) return;
  for (const path of [...paths, ...new Set(paths.map(dirname))]) await syncFolder(path).catch(unlessGone);
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

const FEW = 4;

/** syncfs(2), which node has no call for: sync(1) of coreutils and of busybox does it. */
const syncDisk = (root: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile("sync", ["-f", root], (error) => resolve(error === null));
  });

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
