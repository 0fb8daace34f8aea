/** Brings manifest.json up to date after something in tls/ changed without a build. */
import { join } from "node:path";
import { layout } from "../../cluster/layout.ts";
import { formatManifest, parseManifest } from "../manifest.ts";
import { secretEntries } from "../write/assemble.ts";
import { writeWhole } from "../write/atomic.ts";
import { readIfThere } from "./plan.ts";

/** Everything else stays as the build recorded it; without a manifest the next build writes one. Throws TypeError when it cannot be read. */
export async function recordTls(root: string): Promise<void> {
  const text = await readIfThere(join(root, layout.manifest));
  if (text === undefined) return;
  const { cluster, files } = parseManifest(text);
  const others = files.filter(({ path }) => !path.startsWith(`${layout.tls.folder}/`));
  await writeWhole(join(root, layout.manifest), formatManifest(cluster, [...others, ...(await secretEntries(root))]));
}
