/** Issues certificates again before a build would. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeLeaf } from "./make.ts";
import { recordTls } from "./record.ts";
import type { Leaf } from "./wanted.ts";

/**
 * Each by its CA, for the key that is there or, with `newKeys`, another. The certificate goes before its key does: what is cut short there is a
 * key without a certificate, or nothing, and the next build makes what is missing.
 */
export async function renewLeaves(root: string, leaves: readonly Leaf[], newKeys: boolean, now: Date): Promise<void> {
  for (const leaf of leaves) {
    if (newKeys) for (const path of [leaf.certificate, leaf.key]) await rm(join(root, path), { force: true });
    await makeLeaf(root, leaf, now);
  }
  await recordTls(root);
}
