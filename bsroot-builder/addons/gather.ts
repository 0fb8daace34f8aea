/** The add-ons of a cluster whose releases are exact, and what has to be fetched before their manifests can be made. */
import type { Chart, Cluster } from "../../cluster/cluster.ts";
import type { AddOn, AddOnContext, Artifact } from "../../cluster/extension.ts";
import { chosenAddOns } from "../../cluster/kubernetes/addons.ts";
import { layout } from "../../cluster/layout.ts";
import { addOns } from "../../templates/registry.ts";

export interface WithContext {
  readonly addOn: AddOn;
  readonly context: AddOnContext;
}

export function addOnsOf(cluster: Cluster): readonly WithContext[] {
  const { bootstrapper: address } = cluster.network;
  const server = { address, http: `http://${address}`, https: `https://${address}` };
  return chosenAddOns(cluster.kubernetes).map(({ name, settings }) => ({
    addOn: addOns[name],
    context: { cluster, kubernetes: cluster.kubernetes.version!, settings, server },
  }));
}

/** Where a chart's archive lies, beside what it renders to. */
export const archiveOf = ({ name, url }: Pick<Chart, "name" | "url">): string => {
  const last = decodeURIComponent(new URL(url).pathname).split("/").at(-1)!;
  return `${layout.addons}/${name}/upstream/${/^[\w.+-]+$/.test(last) ? last : "chart.tgz"}`;
};

export const chartsOf = ({ kubernetes: { version, charts } }: Cluster): readonly Chart[] => (version === undefined ? [] : charts);

/** Each is kept in the bsroot as it came, so that what is applied can be held against it. */
export const addOnArtifacts = (cluster: Cluster): readonly Artifact[] => [
  ...addOnsOf(cluster).flatMap(({ addOn, context }) => addOn.artifacts?.(context) ?? []),
  ...chartsOf(cluster).map(
    (chart): Artifact => ({
      path: archiveOf(chart),
      url: chart.url,
      verify: chart.sha256 === undefined ? { by: "first-use" } : { by: "sha256", sha256: chart.sha256 },
    }),
  ),
];
