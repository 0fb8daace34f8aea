/** Finishes a bsroot whose downloads and certificates are there: the description, the lock, and a manifest of everything. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Artifact } from "../../cluster/extension.ts";
import { type Lock, layout } from "../../cluster/layout.ts";
import type { Link } from "../images/storage.ts";
import { formatLock } from "../lock.ts";
import { formatManifest, type ManifestFile } from "../manifest.ts";
import { writeWhole } from "./atomic.ts";
import { sha256Of } from "./hash.ts";

export interface Contents {
  readonly cluster: string;
  /** cluster-desc.yml as the user wrote it. */
  readonly description: string;
  readonly artifacts: readonly Artifact[];
  /** What the builder wrote itself. */
  readonly texts: readonly { readonly path: string; readonly text: string }[];
  /** Names of container images. */
  readonly links: readonly Link[];
  /** Paths of what the server is started from. */
  readonly server: readonly string[];
  readonly lock: Lock;
}

/** The manifest comes last: a bsroot whose manifest is right is whole. Answers its files. */
export async function assemble(
  root: string,
  { cluster, description, artifacts, texts, links, server, lock }: Contents,
): Promise<readonly ManifestFile[]> {
  await writeIfChanged(join(root, layout.description), description);
  await writeIfChanged(join(root, layout.lock), formatLock(lock));
  for (const { path, text } of texts) await writeIfChanged(join(root, path), text);
  for (const { path, digest } of links) await writeIfChanged(join(root, path), digest);
  const files: ManifestFile[] = [
    ...artifacts.map(({ path }): ManifestFile => ({ path, size: lock.artifacts[path]!.size, sha256: lock.artifacts[path]!.sha256 })),
    await entryOf(root, layout.description),
    await entryOf(root, layout.lock),
    ...(await Promise.all([...[...texts, ...links].map(({ path }) => path), ...server].map((path) => entryOf(root, path)))),
    ...(await secretEntries(root)),
  ];
  await writeIfChanged(join(root, layout.manifest), formatManifest(cluster, files));
  return files;
}

/** What the manifest says of tls/ as it lies there. */
export async function secretEntries(root: string): Promise<readonly ManifestFile[]> {
  const present = await readdir(join(root, layout.tls.folder), { recursive: true, withFileTypes: true });
  const paths = present.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));
  return Promise.all(paths.map(async (path) => ({ ...(await entryOf(root, path)), secret: true as const })));
}

async function entryOf(root: string, path: string): Promise<ManifestFile> {
  const whole = join(root, path);
  return { path, size: (await stat(whole)).size, sha256: await sha256Of(whole) };
}

async function writeIfChanged(path: string, text: string): Promise<void> {
  const now = await readFile(path, "utf8").catch(() => undefined);
  if (now !== text) await writeWhole(path, text);
}
