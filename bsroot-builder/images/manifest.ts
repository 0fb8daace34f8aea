/** Image indexes and manifests as values: what else must be fetched to have the image. OCI image-spec 1.1; Docker's schema 2 says the same. */
import { z } from "zod";
import type { Architecture } from "../../cluster/cluster.ts";

export interface Descriptor {
  readonly mediaType: string;
  /** "sha256:..." */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

export type ImageDocument =
  /** Manifests for the wanted platforms, which are images of their own. */
  | { readonly kind: "index"; readonly mediaType: string; readonly manifests: readonly Descriptor[] }
  | { readonly kind: "manifest"; readonly mediaType: string; readonly blobs: readonly Descriptor[] };

/** What a registry gave is not what we can serve, and why. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

export const MEDIA_TYPES = {
  index: ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"],
  manifest: ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"],
} as const;

const descriptor = z.object({
  mediaType: z.string().default(""),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, "is no SHA-256 digest"),
  size: z.int().nonnegative(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
  urls: z.array(z.string()).optional(),
});
const index = z.object({ mediaType: z.string().optional(), manifests: z.array(descriptor).max(1000) });
const manifest = z.object({ mediaType: z.string().optional(), config: descriptor, layers: z.array(descriptor).max(1000) });

/** Throws ImageError. */
export function readDocument(bytes: Uint8Array, wanted: readonly Architecture[]): ImageDocument {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ImageError("its manifest is not JSON");
  }
  const { schemaVersion, manifests } = (json ?? {}) as Record<string, unknown>;
  if (schemaVersion !== 2) throw new ImageError(`its manifest is of schema ${JSON.stringify(schemaVersion)}, and only 2 is served`);
  return manifests === undefined ? imageOf(checked(manifest, json)) : indexOf(checked(index, json), wanted);
}

function imageOf({ mediaType, config, layers }: z.output<typeof manifest>): ImageDocument {
  const foreign = layers.find(({ urls }) => urls !== undefined);
  if (foreign)
    throw new ImageError(`its layer ${foreign.digest} may only be fetched from its maker; it cannot be carried into a closed network`);
  return { kind: "manifest", mediaType: mediaType ?? MEDIA_TYPES.manifest[0], blobs: [config, ...layers].map(plain) };
}

/** Entries for other systems, and attestations (platform "unknown"), are left out: a registry may hold an index without them. */
function indexOf({ mediaType, manifests }: z.output<typeof index>, wanted: readonly Architecture[]): ImageDocument {
  const fitting = manifests.filter(
    ({ platform }) => platform?.os === "linux" && wanted.some((architecture) => architecture === platform.architecture),
  );
  const missing = wanted.filter((architecture) => !fitting.some(({ platform }) => platform?.architecture === architecture));
  if (missing.length > 0) {
    const there = manifests.flatMap(({ platform }) =>
      platform && platform.os !== "unknown" ? [`${platform.os}/${platform.architecture}`] : [],
    );
    throw new ImageError(
      `it is not made for linux/${missing.join(" and linux/")}, only for ${[...new Set(there)].join(", ") || "nothing that it names"}`,
    );
  }
  return { kind: "index", mediaType: mediaType ?? MEDIA_TYPES.index[0], manifests: fitting.map(plain) };
}

const plain = ({ mediaType, digest, size }: z.output<typeof descriptor>): Descriptor => ({ mediaType, digest, size });

function checked<T>(shape: z.ZodType<T>, json: unknown): T {
  const found = shape.safeParse(json);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new ImageError(`its manifest is broken: ${issue?.path.join(".")} ${issue?.message}`);
}
