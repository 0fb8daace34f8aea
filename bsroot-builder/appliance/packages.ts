/** The npm packages that the compiled programs need, found as node finds them, from package.json on. */
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import type { NpmPackage } from "./bill.ts";

const names = z.record(z.string(), z.string()).default({});
const shape = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string().optional().catch(undefined),
  dependencies: names,
  optionalDependencies: names,
});
const lockShape = z.object({ packages: z.record(z.string(), z.object({ integrity: z.string().optional() })) });

export interface Installed extends NpmPackage {
  /** Of its folder, below the root: "node_modules/koa". */
  readonly path: string;
}

/** A package that is not installed where the programs are. */
export class PackageMissing extends Error {}

/** Every package once, in the order of paths, and the version of ours. Optional ones that this platform has no use for are not there. Throws PackageMissing. */
export async function packagesOf(root: string): Promise<{ readonly version: string; readonly packages: readonly Installed[] }> {
  const found = new Map<string, Installed>();
  const integrity = await integrities(root);
  const visit = async (folder: string): Promise<string> => {
    const { version, dependencies, optionalDependencies } = await packageIn(folder);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = await nearest(root, folder, name);
      if (place === undefined && name in optionalDependencies) continue;
      if (place === undefined)
        throw new PackageMissing(`${join(root, "node_modules", name)}: is missing; install the builder's packages beside it (npm ci)`);
      const path = relative(root, place);
      if (found.has(path)) continue;
      const { license, ...one } = await packageIn(place);
      const hash = integrity.get(path);
      found.set(path, { path, name, version: one.version, ...(license && { license }), ...(hash && { integrity: hash }) });
      await visit(place);
    }
    return version;
  };
  const version = await visit(root);
  return { version, packages: [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

const packageIn = async (folder: string) => shape.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8")));

/** The folder of a package that another one asks for: in its own node_modules, or in one above, up to the root's. */
async function nearest(root: string, from: string, name: string): Promise<string | undefined> {
  for (let at = from; at.startsWith(root); at = dirname(at)) {
    const place = join(at, "node_modules", name);
    const there = await readFile(join(place, "package.json")).catch(() => undefined);
    if (there) return place;
  }
  return undefined;
}

async function integrities(root: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(root, "package-lock.json"), "utf8").catch(() => '{"packages":{}}');
  const { packages } = lockShape.parse(JSON.parse(text));
  return new Map(Object.entries(packages).flatMap(([path, { integrity }]) => (integrity === undefined ? [] : [[path, integrity]])));
}
