/** What a description makes the builder carry along beside operating systems and boot loaders: Kubernetes, further files, container images. */
import { parseAllDocuments } from "yaml";
import type { Cluster, Machine } from "../cluster/cluster.ts";
import { checkReleases, type ReleaseFacts } from "../cluster/description/checks/releases.ts";
import { stated } from "../cluster/description/facts.ts";
import { formatPath } from "../cluster/description/problem.ts";
import type { Artifact, BootContext } from "../cluster/extension.ts";
import { imageReference } from "../cluster/image-reference.ts";
import { releaseImages } from "../cluster/kubernetes/releases.ts";
import { layout } from "../cluster/layout.ts";
import type { NodePlan } from "../cluster/plan.ts";
import { architectures, becomes } from "../cluster/queries.ts";
import { kubernetesArtifacts } from "../templates/kubernetes/artifacts.ts";
import { gpuArtifacts } from "../templates/os/flatcar/nvidia.ts";
import { nodePlan } from "../templates/registry.ts";

/** What is known to fail with the releases that "current" and the like turned out to be, one line each. */
export const failing = (cluster: Cluster): readonly string[] =>
  [...checkReleases(releaseFacts(cluster))]
    .filter(({ warning = false }) => !warning)
    .map(({ path, message }) => `${formatPath(path)}: ${message}`);

function releaseFacts({ kubernetes, machines }: Cluster): ReleaseFacts {
  return {
    version: stated(kubernetes.version, "kubernetes", "version"),
    offered: kubernetes.offered.map((value) => ({ value, path: ["kubernetes", "offered"] })),
    components: Object.fromEntries(
      Object.entries(kubernetes.components).map(([name, value]) => [name, stated(value, "kubernetes", "components", name)]),
    ),
    machines: machines.map(({ name, roles, kubernetes: release }) => ({ roles, release: stated(release, "machines", name, "kubernetes") })),
  };
}

/** Files of a cluster whose releases are exact. */
export const carriedFiles = (cluster: Cluster): readonly Artifact[] => [
  ...kubernetesArtifacts(cluster),
  ...gpuArtifacts(cluster),
  ...extraArtifacts(cluster),
];

function extraArtifacts(cluster: Cluster): readonly Artifact[] {
  const there = architectures(cluster);
  return cluster.extras
    .filter(({ architecture }) => architecture === undefined || there.includes(architecture))
    .map(({ path, url, sha256, member }) => ({
      path: `${layout.static}/extras/${path}`,
      url,
      verify: { by: "sha256", sha256 },
      ...(member && { member }),
    }));
}

/** Names of all images that a cluster whose releases are exact will pull, once each: written, of kubeadm, and in the manifests of its machines. */
export const wantedImages = (cluster: Cluster): readonly string[] => [
  ...new Set([...cluster.images, ...releaseImages(cluster), ...everyPlan(cluster).flatMap(imagesOfPlan)]),
];

/** Before there is an authority; no manifest depends on it. */
const NO_CA = "";

function everyPlan(cluster: Cluster): readonly NodePlan[] {
  const { bootstrapper: address } = cluster.network;
  const server = { address, http: `http://${address}`, https: `https://${address}`, ca: NO_CA };
  const stranger = becomes(cluster, "02:00:00:00:00:01" as Machine["mac"]);
  return [...cluster.machines, ...(stranger ? [stranger] : [])].map((machine) => {
    const context: BootContext = { cluster, machine, os: machine.os, server };
    return nodePlan(context);
  });
}

/** What the YAML and JSON files of a machine name under `image:`, by whole name. */
export const imagesOfPlan = ({ files }: Pick<NodePlan, "files">): readonly string[] =>
  files.flatMap(({ path, content }) => ("text" in content && /\.(ya?ml|json)$/.test(path) ? imagesIn(content.text) : []));

/** Throws TypeError for a name that is none. Definitions of resources say `image:` of a field; what stands behind is then a block. */
export function imagesIn(yaml: string): readonly string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inside] of Object.entries(value)) {
      if (key === "image" && typeof inside === "string" && inside !== "") found.push(imageReference(inside).name);
      else walk(inside);
    }
  };
  for (const document of parseAllDocuments(yaml)) walk("toJS" in document ? document.toJS() : undefined);
  return found;
}
