/** The compiled programs with the packages they need, as one archive: a server that has node runs them from it. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { create } from "tar";
import { writeWhole } from "../write/atomic.ts";
import { billOfMaterials } from "./bill.ts";
import { filesOf } from "./home.ts";
import { packagesOf } from "./packages.ts";

export interface Program {
  readonly bill: string;
  /** "linux-x64": for which the part of it that is not JavaScript is there. */
  readonly native: readonly string[];
}

/** The programs were never compiled, or before the sources changed. */
export class NotCompiled extends Error {}

/** Writes the archive; the same files make the same bytes. Throws NotCompiled, PackageMissing. */
export async function writeProgram(home: string, archive: string): Promise<Program> {
  await compiled(home);
  const { version, packages } = await packagesOf(home);
  const folders = packages.map(({ path }) => path);
  // A package's own node_modules is a package's folder of its own, so no file comes twice.
  const files = await Promise.all(folders.map(async (folder) => (await filesOf(home, [folder])).filter((file) => !isInside(file, folder))));
  const dist = await filesOf(home, ["dist"]);
  const chunks: Buffer[] = [];
  const pack = create({ cwd: home, portable: true, noMtime: true, strict: true, gzip: { level: 6 } }, [
    "package.json",
    ...dist,
    ...files.flat(),
  ]);
  for await (const chunk of pack) chunks.push(chunk);
  await writeWhole(archive, Buffer.concat(chunks));
  const native = packages.flatMap(({ name }) => /^@koromix\/koffi-(.+)$/.exec(name)?.[1] ?? []);
  return { bill: billOfMaterials({ version, npm: packages, debian: [] }), native };
}

const isInside = (file: string, folder: string): boolean => file.slice(folder.length).includes("/node_modules/");

async function compiled(home: string): Promise<void> {
  const wayOut = `compile the programs first (npm run build in ${home})`;
  const main = await stat(join(home, "dist/bootstrapper/main.js")).catch(() => undefined);
  if (!main) throw new NotCompiled(`${join(home, "dist")}: is missing; ${wayOut}`);
  const sources = await filesOf(home, ["cluster", "templates", "bsroot-builder", "bootstrapper"]).catch(() => []); // installed without sources
  const times = await Promise.all(sources.map(async (file) => ({ file, at: (await stat(join(home, file))).mtimeMs })));
  const newer = times.find(({ at }) => at > main.mtimeMs);
  if (newer) throw new NotCompiled(`${join(home, "dist")}: is older than ${newer.file}; ${wayOut}`);
}
