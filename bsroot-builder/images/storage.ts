/** Where an image lies in the storage of the CNCF distribution registry, so that it serves what the builder wrote without having been asked to store it. */

import type { ImageReference } from "../../cluster/image-reference.ts";
import { layout } from "../../cluster/layout.ts";

const V2 = `${layout.registry}/docker/registry/v2`;
const hexOf = (digest: string): string => digest.slice("sha256:".length);

/** The bytes behind a digest, whoever names them. */
export const blobPath = (digest: string): string => `${V2}/blobs/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}/data`;

/** Images keep their origin in their name: registry.k8s.io/pause and quay.io/pause are two. */
const repositoryOf = ({ origin, repository }: ImageReference): string =>
  `${V2}/repositories/${origin === "" ? "" : `${origin.replace(":", "_")}/`}${repository}`;

/** Under a name without its origin: for nodes that do not know where it comes from. */
export const withoutOrigin = (pulled: Pulled): Pulled => ({ ...pulled, reference: { ...pulled.reference, origin: "" } });

/** A small file that makes a digest known under a name; its content is the digest. */
export interface Link {
  readonly path: string;
  readonly digest: string;
}

export interface Pulled {
  readonly reference: ImageReference;
  /** What the tag named when it was pinned. */
  readonly digest: string;
  /** All indexes and manifests of it, its own first. */
  readonly manifests: readonly string[];
  /** Configurations and layers. */
  readonly blobs: readonly string[];
}

export function links({ reference, digest, manifests, blobs }: Pulled): readonly Link[] {
  const repository = repositoryOf(reference);
  const link = (path: string, of: string): Link => ({ path: `${repository}/${path}/link`, digest: of });
  const { tag } = reference;
  return [
    ...[...manifests, ...blobs].map((each) => link(`_layers/sha256/${hexOf(each)}`, each)),
    ...manifests.map((each) => link(`_manifests/revisions/sha256/${hexOf(each)}`, each)),
    ...(tag === undefined
      ? []
      : [link(`_manifests/tags/${tag}/current`, digest), link(`_manifests/tags/${tag}/index/sha256/${hexOf(digest)}`, digest)]),
  ];
}
