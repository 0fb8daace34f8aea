/** Programs whose Debian packages exclude one another: they are unpacked beside each other instead of installed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../cache.ts";

export function unpacked(name: string, path: string): string {
  const program = join(CACHE, "packages", name, path);
  if (!existsSync(program)) throw new Error(`${program} is missing; run bench/install-peers, or make bench`);
  return program;
}
