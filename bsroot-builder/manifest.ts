/** manifest.json as text: written so that the same files make the same bytes. */
import type { ManifestFile } from "../cluster/bsroot-files.ts";
import type { Manifest } from "../cluster/layout.ts";

export { type ManifestFile, parseManifest } from "../cluster/bsroot-files.ts";

export function formatManifest(cluster: string, files: readonly ManifestFile[]): string {
  const manifest: Manifest = { version: 1, cluster, files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)) };
  return `${JSON.stringify(manifest, null, 1)}\n`;
}
