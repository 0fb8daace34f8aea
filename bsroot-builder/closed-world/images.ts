/** Whether the registry of a bsroot can give out an image: its name, its manifests, and every blob of them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "../../cluster/cluster.ts";
import { imageReference } from "../../cluster/image-reference.ts";
import { ImageError, readDocument } from "../images/manifest.ts";
import { blobPath, links } from "../images/storage.ts";

/** `there`: every path of the bsroot. Answers what is missing, in words. */
export async function missingOf(
  name: string,
  architectures: readonly Architecture[],
  root: string,
  there: ReadonlySet<string>,
): Promise<readonly string[]> {
  const reference = imageReference(name);
  const tagLink = links({ reference, digest: `sha256:${"0".repeat(64)}`, manifests: [], blobs: [] }).find(({ path }) =>
    path.endsWith("/current/link"),
  );
  const digest = reference.digest ?? (tagLink && (await readFile(join(root, tagLink.path), "utf8").catch(() => undefined)));
  if (digest === undefined) return [`image ${name}: is not in the bsroot`];

  const missing: string[] = [];
  const queue = [digest];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const bytes = there.has(blobPath(next)) ? await readFile(join(root, blobPath(next))).catch(() => undefined) : undefined;
    if (!bytes) {
      missing.push(`image ${name}: its manifest ${next} is missing`);
      continue;
    }
    try {
      const document = readDocument(bytes, architectures);
      if (document.kind === "index") queue.push(...document.manifests.map((each) => each.digest));
      else
        for (const blob of document.blobs)
          if (!there.has(blobPath(blob.digest))) missing.push(`image ${name}: its blob ${blob.digest} is missing`);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      missing.push(`image ${name}: ${error.message}`);
    }
  }
  return missing;
}
