/** manifest.json as a value: written so that the same files make the same bytes, read as something that cannot be trusted. */
import { z } from "zod";
import type { Manifest } from "../cluster/layout.ts";

export type ManifestFile = Manifest["files"][number];

export function formatManifest(cluster: string, files: readonly ManifestFile[]): string {
  const manifest: Manifest = { version: 1, cluster, files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)) };
  return `${JSON.stringify(manifest, null, 1)}\n`;
}

const insideOnly = (path: string): boolean =>
  path.split("/").every((part) => part !== "" && part !== "." && part !== "..") && !/[\0\\]/.test(path);

const shape = z.object({
  version: z.literal(1),
  cluster: z.string(),
  files: z.array(
    z.object({
      path: z.string().refine(insideOnly, "is no plain path inside the bsroot"),
      size: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, "is no SHA-256 in hex"),
      secret: z.literal(true).exactOptional(),
    }),
  ),
});

/** Throws Error with the reason. */
export function parseManifest(text: string): Manifest {
  const found = shape.safeParse(JSON.parse(text));
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new Error(`${issue?.path.join(".") || "the file"}: ${issue?.message}`);
}
