/** Where the builder itself lies: the sources that the image is made of, and the compiled programs. */
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the Dockerfile copies; .dockerignore says the same. */
export const CONTEXT = [
  "package.json",
  "package-lock.json",
  ".npmrc",
  "tsconfig.json",
  "tsconfig.build.json",
  "cluster",
  "templates",
  "bsroot-builder",
  "bootstrapper",
] as const;

/** The folder with our package.json: above the sources, or above dist. */
export function home(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
  }
  throw new Error("the builder does not find its own package.json");
}

/** Every file below the named ones, with paths below `root`, in their order. */
export async function filesOf(root: string, names: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const name of names) {
    const found = await stat(join(root, name));
    if (found.isFile()) files.push(name);
    else {
      const entries = await readdir(join(root, name), { recursive: true, withFileTypes: true });
      files.push(...entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1)));
    }
  }
  return files.sort();
}
