/** What a cluster needs from outside: one list of artifacts, from a description whose versions are resolved. */
import type { Cluster, Os } from "../cluster/cluster.ts";
import type { Artifact, Index, OsTarget } from "../cluster/extension.ts";
import { layout } from "../cluster/layout.ts";
import { osChoices } from "../cluster/queries.ts";
import { carriedFiles } from "./carried.ts";

/** What the builder asks of the templates. */
export interface Registry {
  osTarget(os: Os): OsTarget;
  loaderArtifacts(): readonly Artifact[];
}

export class GatherError extends Error {}

/** Every artifact once, in the order of paths. Throws GatherError. */
export function gather(cluster: Cluster, registry: Registry): readonly Artifact[] {
  return onePerPlace([
    ...osChoices(cluster).flatMap(({ os, architecture }) => registry.osTarget(os).artifacts(os, architecture)),
    ...registry.loaderArtifacts().flatMap(overTftpAndHttp),
    ...carriedFiles(cluster),
  ]);
}

/** The lists in which further artifacts are named, each once. */
export function listsOf(cluster: Cluster, registry: Pick<Registry, "osTarget">): readonly Index[] {
  const lists = osChoices(cluster).flatMap(({ os, architecture }) => registry.osTarget(os).indexes?.(os, architecture) ?? []);
  return [...new Map(lists.map((index) => [index.artifact.path, index])).values()];
}

/** In the order of paths. Throws GatherError when two want the same place or one wants to leave its folder. */
export function onePerPlace(wanted: readonly Artifact[]): readonly Artifact[] {
  const byPath = new Map<string, Artifact>();
  for (const artifact of wanted) {
    refuseStrayPath(artifact.path);
    const other = byPath.get(artifact.path);
    if (other && sourceOf(other) !== sourceOf(artifact)) {
      throw new GatherError(`${artifact.path} is wanted from ${other.url} and from ${artifact.url}; give one of them another name`);
    }
    byPath.set(artifact.path, artifact);
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Artifacts with the same source come out of one download. */
export const sourceOf = ({ url, member, verify }: Artifact): string => JSON.stringify([url, member ?? null, verify]);

/** Firmware asks for a loader by TFTP or by HTTP: it stands in both folders under the same name. */
function overTftpAndHttp(loader: Artifact): readonly Artifact[] {
  const name = loader.path.slice(layout.tftp.length + 1);
  const places = [`${layout.tftp}/${name}`, `${layout.static}/boot/${name}`];
  return places.map((path) => ({ ...loader, path }));
}

function refuseStrayPath(path: string): void {
  const inside = [`${layout.tftp}/`, `${layout.static}/`].some((folder) => path.startsWith(folder));
  const plain = path.split("/").every((part) => part !== "" && part !== "." && part !== "..") && !/[\0\\]|\.part$/.test(path);
  if (!inside || !plain)
    throw new GatherError(`${path} is no place for a download; it must be a plain path below ${layout.tftp}/ or ${layout.static}/`);
}
