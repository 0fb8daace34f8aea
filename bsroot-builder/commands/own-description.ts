/** A finished bsroot as the commands of `pki` take it: by the description that lies in it, and one command at a time. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { FolderBusy, lockFolder } from "../write/folder-lock.ts";
import { readDescription } from "./description.ts";
import { Failure } from "./failure.ts";

/** Throws Failure. */
export async function ownDescription(folder: string): Promise<Cluster> {
  const path = join(folder, layout.description);
  if (!(await stat(path).catch(() => undefined)))
    throw new Failure([`${path}: is missing; name with --bsroot a folder that bsroot-builder build has finished`]);
  return (await readDescription(path)).cluster;
}

/** Throws Failure while a build or another command is writing there. */
export async function alone<T>(folder: string, work: (root: string) => Promise<T>): Promise<T> {
  const root = resolve(folder);
  const letGo = await lockFolder(root).catch((error) => {
    throw error instanceof FolderBusy ? new Failure([`${folder}: ${error.message}`]) : error;
  });
  try {
    return await work(root);
  } finally {
    await letGo();
  }
}
