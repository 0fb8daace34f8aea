/** What every image consists of: tags pinned to digests, and all manifests of them in the bsroot, so that what is left is a list of blobs. */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Architecture } from "../../cluster/cluster.ts";
import type { Artifact } from "../../cluster/extension.ts";
import { type ImageReference, registryUrl } from "../../cluster/image-reference.ts";
import type { Delivery } from "../download/delivery.ts";
import { DownloadError, describe, messageOf } from "../download/error.ts";
import { hostOf, inParallel, PER_HOST } from "../download/pool.ts";
import { writeWhole } from "../write/atomic.ts";
import { lookAt } from "../write/notes.ts";
import { ImageError, readDocument } from "./manifest.ts";
import { blobPath, type Pulled } from "./storage.ts";

export interface ResolvedImages {
  readonly images: readonly Pulled[];
  /** Manifests, which are there already, and blobs; each digest once. */
  readonly artifacts: readonly Artifact[];
  /** One line for each image that could not be resolved. */
  readonly failures: readonly string[];
}

/** Indexes may name indexes; nobody needs more than this. */
const DEEPEST = 3;
/** Of one image, indexes included. */
const MOST = 64;

export async function resolveImages(
  references: readonly ImageReference[],
  architectures: readonly Architecture[],
  jobs: number,
  delivery: Delivery,
): Promise<ResolvedImages> {
  const artifacts = new Map<string, Artifact>();
  const failures: string[] = [];
  const results = await inParallel(
    references,
    jobs,
    async (reference): Promise<Pulled | undefined> => {
      try {
        return await resolve(reference, architectures, artifacts, delivery);
      } catch (error) {
        if (!(error instanceof DownloadError) && !(error instanceof ImageError)) throw error;
        const url = registryUrl(reference, "manifests", reference.digest ?? reference.tag!);
        failures.push(describe(reference.name, delivery.site.locate(url), url, messageOf(error)));
        return undefined;
      }
    },
    { of: (reference) => hostOf(delivery.site.locate(registryUrl(reference, "manifests", ""))), width: PER_HOST },
  );
  const images = results.flatMap((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value ? [result.value] : [];
  });
  if (failures.length === 0)
    await delivery.lock.setImages(Object.fromEntries(images.map(({ reference, digest }) => [reference.name, digest])));
  return { images, artifacts: [...artifacts.values()], failures: failures.sort() };
}

async function resolve(
  reference: ImageReference,
  architectures: readonly Architecture[],
  artifacts: Map<string, Artifact>,
  delivery: Delivery,
): Promise<Pulled> {
  const { lock, progress } = delivery;
  const pinned = reference.digest ?? lock.value.images[reference.name];
  const manifests: string[] = [];
  const blobs: string[] = [];
  const add = (digest: string, size: number, kind: "manifests" | "blobs"): void => {
    const path = blobPath(digest);
    const url = registryUrl(reference, kind, digest);
    const sha256 = digest.slice("sha256:".length);
    if (!artifacts.has(path)) artifacts.set(path, { path, url, verify: { by: "sha256", sha256 }, size });
  };

  async function take(digest: string | undefined, depth: number): Promise<string> {
    const found = await documentOf(reference, digest, delivery);
    if (manifests.includes(found.digest)) return found.digest;
    const document = readDocument(found.bytes, architectures);
    add(found.digest, found.bytes.length, "manifests");
    if (manifests.push(found.digest) > MOST) throw new ImageError(`it has more than ${MOST} manifests, which no image needs`);
    if (document.kind === "manifest") {
      for (const blob of document.blobs) {
        add(blob.digest, blob.size, "blobs");
        if (!blobs.includes(blob.digest)) blobs.push(blob.digest);
      }
    } else if (depth === DEEPEST) throw new ImageError(`its indexes lead to ever more indexes`);
    else for (const { digest: next } of document.manifests) await take(next, depth + 1);
    return found.digest;
  }

  const digest = await take(pinned, 1);
  if (pinned === undefined) progress.say(`${reference.name}: is ${digest}`);
  return { reference, digest, manifests, blobs };
}

/** From the bsroot when it is there, else from the registry; kept in the bsroot at once, so that no manifest is asked for twice. */
async function documentOf(
  reference: ImageReference,
  digest: string | undefined,
  { site, small, lock }: Delivery,
): Promise<{ readonly digest: string; readonly bytes: Uint8Array }> {
  const here = digest === undefined ? undefined : await readFile(join(site.root, blobPath(digest))).catch(() => undefined);
  if (here && digestOf(here) === digest) return { digest, bytes: here };

  const url = registryUrl(reference, "manifests", digest ?? reference.tag!);
  const bytes = await small.get(site.locate(url));
  const found = digestOf(bytes);
  if (digest !== undefined && found !== digest) throw new ImageError(`what came for ${digest} is ${found}`);
  const path = blobPath(found);
  await mkdir(dirname(join(site.root, path)), { recursive: true });
  await writeWhole(join(site.root, path), bytes);
  const sha256 = found.slice("sha256:".length);
  await lock.pin({ [path]: { url: registryUrl(reference, "manifests", found), size: bytes.length, sha256, verified: "sha256" } });
  await site.notes.set(path, { ...(await lookAt(join(site.root, path)))!, sha256 });
  return { digest: found, bytes };
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
