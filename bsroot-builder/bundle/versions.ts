/** Several versions of a bsroot side by side: the name that the server knows is a link to one of them, so that it changes in one step. */

import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { layout } from "../../cluster/layout.ts";
import { syncFolder } from "../write/atomic.ts";
import { shortName } from "./bundle-file.ts";

const previousOf = (target: string): string => `${target}.previous`;

/** SHA-256 of its manifest; undefined when there is no bsroot. */
export async function manifestHash(root: string): Promise<string | undefined> {
  const bytes = await readFile(join(root, layout.manifest)).catch(() => undefined);
  return bytes && createHash("sha256").update(bytes).digest("hex");
}

/** Where a version lies: beside the name that links to it. */
export const versionFolder = (target: string, manifest: string): string => `${target}-${shortName(manifest)}`;

/** Makes `folder`, which lies beside it, the bsroot `target`. What was there before is kept for `goBack`; what was before that goes. */
export async function putInPlace(target: string, folder: string): Promise<void> {
  const before = await standing(target);
  if (before !== undefined && before !== basename(folder)) await point(previousOf(target), before);
  await point(target, basename(folder));
  const kept = new Set([basename(folder), await readlink(previousOf(target)).catch(() => "")]);
  const stem = `${basename(target)}-`;
  for (const name of await readdir(dirname(target))) {
    const isVersion = name.startsWith(stem) && /^[0-9a-f]{12}$/.test(name.slice(stem.length));
    if (isVersion && !kept.has(name)) await rm(join(dirname(target), name), { recursive: true });
  }
}

/** Answers the version it went back to; undefined when there is none. The two change places, so that going back twice goes forward. */
export async function goBack(target: string): Promise<string | undefined> {
  const [now, before] = [await standing(target), await readlink(previousOf(target)).catch(() => undefined)];
  if (now === undefined || before === undefined || !(await manifestHash(join(dirname(target), before)))) return undefined;
  await point(target, before);
  await point(previousOf(target), now);
  return before;
}

/** The folder behind the name. A plain folder, as it was once copied there, first becomes a version like the others. */
async function standing(target: string): Promise<string | undefined> {
  const found = await lstat(target).catch(() => undefined);
  if (found?.isSymbolicLink()) return basename(await readlink(target));
  const manifest = found?.isDirectory() ? await manifestHash(target) : undefined;
  if (manifest === undefined) return undefined;
  const folder = versionFolder(target, manifest);
  await symlink(basename(folder), `${target}.link`).catch(() => {});
  await rename(target, folder);
  await rename(`${target}.link`, target); // only here, once, the name is gone for a moment
  return basename(folder);
}

/** In one step: whoever opens the name finds the one or the other. */
async function point(name: string, to: string): Promise<void> {
  await rm(`${name}.link`, { force: true });
  await symlink(to, `${name}.link`);
  await rename(`${name}.link`, name);
  await syncFolder(dirname(name));
}
