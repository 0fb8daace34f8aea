/** The cluster as the operator is shown it. */
import type { Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { apiEndpoint } from "../../cluster/kubernetes/endpoint.ts";
import { hostnameOf } from "../../cluster/queries.ts";
import type { AddOnStanding } from "./add-ons.ts";
import type { Seen } from "./api.ts";
import type { Founding } from "./founding.ts";
import { type Health, isNode, type NodeStanding } from "./health.ts";

export interface ClusterView {
  /** The cluster's release; absent: the description asks for no Kubernetes. */
  readonly version?: string;
  /** "api.demo.lan:6443" */
  readonly endpoint: string;
  readonly founding: {
    readonly is: "open" | "begun" | "done";
    /** A machine's name, and when it was told to found or said that it did: milliseconds since 1970. */
    readonly by?: string;
    readonly at?: number;
  };
  readonly servers: readonly { readonly name: string; readonly address: string; readonly is: Seen["is"]; readonly because: string }[];
  readonly nodes: {
    readonly ready: number;
    /** Machines of the description that become nodes. */
    readonly expected: number;
    readonly list: readonly NodeStanding[];
  };
  /** What is wrong or missing, one sentence each. */
  readonly missing: readonly string[];
  readonly addOns: readonly AddOnStanding[];
}

export interface Known {
  readonly founding: Founding;
  readonly servers: readonly Seen[];
  readonly health: Health;
  readonly addOns: readonly AddOnStanding[];
  /** Why nobody can look; undefined when somebody can. */
  readonly hindrance: string | undefined;
}

export function viewOf(cluster: Cluster, { founding, servers, health, addOns, hindrance }: Known): ClusterView {
  const { version } = cluster.kubernetes;
  const { host, port } = apiEndpoint(cluster);
  const name = (mac: Mac): string => hostnameOf(cluster, mac);
  return {
    ...(version !== undefined && { version }),
    endpoint: `${host}:${port}`,
    founding: foundingView(founding, name),
    servers: servers.map(({ mac, address, is, because }) => ({ name: name(mac), address, is, because })),
    nodes: {
      ready: health.nodes.filter(({ ready }) => ready).length,
      expected: cluster.machines.filter(isNode).length,
      list: health.nodes,
    },
    missing: [...(version !== undefined && hindrance ? [hindrance] : []), ...health.findings.map(({ text }) => text)],
    addOns,
  };
}

/** One line for the health page. */
export function inOneLine({ version, founding, nodes, servers, missing }: ClusterView): string {
  if (version === undefined) return "off";
  if (founding.is === "open") return "no cluster is founded yet";
  if (founding.is === "begun") return `${founding.by} founds the cluster`;
  const api = servers.some(({ is }) => is === "ready") ? `${nodes.ready} of ${nodes.expected} nodes Ready` : "no API server is ready";
  return missing.length > 0 ? `${api}, ${missing.length} ${missing.length === 1 ? "thing" : "things"} missing` : api;
}

function foundingView({ founder, founded }: Founding, name: (mac: Mac) => string): ClusterView["founding"] {
  if (founded) return { is: "done", by: name(founded.by), at: founded.at };
  return founder ? { is: "begun", by: name(founder.mac), at: founder.since } : { is: "open" };
}
