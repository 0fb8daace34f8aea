/** The addresses that objects of Kubernetes make somebody ask, and whether those are in the cluster or in the bsroot. */
import { contains, type Ipv4 } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { isBlock, type KubeObject } from "../../cluster/kubernetes/manifest.ts";
import { objection, urlsIn, type World } from "./references.ts";

/** What people read, and what no program follows. */
const FOR_PEOPLE = new Set(["annotations", "labels", "description", "managedFields"]);

/** Every URL once. Definitions of kinds only say what may be written elsewhere, and pages of Grafana hold links for people. */
export function referencesIn(objects: readonly KubeObject[]): readonly string[] {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === "string") for (const url of urlsIn(withoutComments(value))) found.add(url);
    else if (Array.isArray(value)) for (const item of value) walk(item);
    else if (isBlock(value)) {
      for (const [key, inside] of Object.entries(value)) if (!FOR_PEOPLE.has(key) && !isDashboard(key, inside)) walk(inside);
    }
  };
  for (const object of objects) if (object.kind !== "CustomResourceDefinition") walk(object);
  return [...found].filter((url) => !/^https?:\/*$/.test(url)); // what a variable completes
}

const withoutComments = (text: string): string => text.replace(/^\s*[#;].*$/gm, "");
const isDashboard = (key: string, inside: unknown): boolean =>
  key.endsWith(".json") && typeof inside === "string" && /"panels"\s*:/.test(inside);

export interface ClusterWorld extends World {
  readonly cluster: Cluster;
  readonly namespaces: ReadonlySet<string>;
}

/** Why nobody in the cluster could reach it; undefined when they can. */
export function clusterObjection(url: string, world: ClusterWorld): string | undefined {
  if (!URL.canParse(url)) return undefined; // a pattern, or half of an address
  return isInCluster(new URL(url).hostname, world) ? undefined : objection(url, world);
}

function isInCluster(host: string, { cluster, namespaces, hosts }: ClusterWorld): boolean {
  if (hosts.has(host)) return false; // the bootstrapper's, so it must be something that it has
  const { kubernetes, domain } = cluster;
  if (/^[\d.]+$/.test(host)) {
    const networks = [
      kubernetes.podSubnet,
      kubernetes.serviceSubnet,
      cluster.network.subnet,
      ...cluster.network.subnets.map(({ subnet }) => subnet),
    ];
    return /^(127\.|0\.0\.0\.0$|169\.254\.)/.test(host) || networks.some((network) => contains(network, host as Ipv4));
  }
  if (host.startsWith("[")) return /^\[(::1?|f[cd][0-9a-f:]*)\]$/.test(host);
  const labels = host.split(".");
  // A service is known as itself in its namespace, as SERVICE.NAMESPACE in all others, and with .svc and the domain behind it.
  if (labels.length === 1 || (labels.length === 2 && namespaces.has(labels[1]!))) return true;
  return ["svc", `svc.${kubernetes.dnsDomain}`, domain].some((zone) => host.endsWith(`.${zone}`));
}
