/** What was found worth keeping: corpus/<target>/<hash>.bin, each file some bytes that once went where none had gone before, or broke something. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const CORPUS = join(import.meta.dirname, "corpus");

/** In the order of their names, so that a run can be repeated. */
export function readCorpus(target: string): readonly Uint8Array[] {
  const folder = join(CORPUS, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

/** Answers the file's path. */
export function keep(target: string, bytes: Uint8Array): string {
  const folder = join(CORPUS, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.bin`);
  writeFileSync(path, bytes);
  return path;
}
