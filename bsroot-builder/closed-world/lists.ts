/** Whether everything is there that an operating system's own lists name: an installer follows them by itself, so no text of ours tells its addresses. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Index } from "../../cluster/extension.ts";

/** `there`: every path of the bsroot. Answers what is missing, in words. */
export async function missingOfLists(indexes: readonly Index[], root: string, there: ReadonlySet<string>): Promise<readonly string[]> {
  const missing: string[] = [];
  const waiting = [...indexes];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { path } = next.artifact;
    const bytes = there.has(path) ? await readFile(join(root, path)).catch(() => undefined) : undefined;
    if (!bytes) {
      missing.push(`${path}: is missing, and an installer is told its packages by it`);
      continue;
    }
    try {
      const { artifacts, indexes } = next.read(bytes);
      missing.push(...artifacts.filter((one) => !there.has(one.path)).map((one) => `${one.path}: is missing, and ${path} leads to it`));
      waiting.push(...indexes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      missing.push(`${path}: ${error.message}`);
    }
  }
  return missing;
}
