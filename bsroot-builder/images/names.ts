/** The names under which nodes will ask our registry for an image. */
import type { Cluster } from "../../cluster/cluster.ts";
import { imageReference } from "../../cluster/image-reference.ts";
import { namedOrigins } from "../../templates/registry.ts";
import { type Link, links, type Pulled, withoutOrigin } from "./storage.ts";

/** Two images that one name would mean. */
export class NameError extends Error {
  override readonly name = "NameError";
}

/** Every image under its whole name, and those of registries that nodes do not know by name without their origin too. Throws NameError. */
export function namesOf(images: readonly Pulled[], cluster: Cluster): readonly Link[] {
  const named = namedOrigins(cluster);
  const nameless = images.filter(({ reference }) => !named.includes(reference.origin));
  const first = new Map<string, { readonly link: Link; readonly name: string }>();
  for (const image of nameless) {
    for (const link of links(withoutOrigin(image))) {
      const { name } = image.reference;
      const other = first.get(link.path);
      if (other && other.link.digest !== link.digest)
        throw new NameError(
          `${name}: nodes could not tell it from ${other.name}; write one of them below images:, and they know its registry`,
        );
      first.set(link.path, { link, name });
    }
  }
  return [...images.flatMap(links), ...[...first.values()].map(({ link }) => link)];
}

/** The file that makes a name known without its origin; undefined for what nodes ask for by its whole name. */
export function namelessLink(name: string, cluster: Cluster): string | undefined {
  const reference = imageReference(name);
  if (namedOrigins(cluster).includes(reference.origin)) return undefined;
  const digest = reference.digest ?? `sha256:${"0".repeat(64)}`;
  const all = links(withoutOrigin({ reference, digest, manifests: [digest], blobs: [] }));
  return all.find(({ path }) => (reference.digest ? path.includes("/revisions/") : path.endsWith("/current/link")))?.path;
}
