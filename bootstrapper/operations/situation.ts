/** A cluster as it is at one moment, with what is asked of it most. Pure. */
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import { compare } from "../../cluster/kubernetes/version.ts";
import { controlPlanes, etcdMembers, separateEtcd } from "../../cluster/queries.ts";
import type { Snapshot } from "../kubernetes/etcd-snapshots.ts";
import type { Leftover } from "../kubernetes/leftovers.ts";
import type { Phase } from "../machines/machine.ts";

export interface NodeNow {
  readonly name: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** "1.36.4" */
  readonly kubelet: string;
  /** The release of the API server on it, and whether that says that it is ready; absent where none is. */
  readonly apiServer?: { readonly release: string; readonly ready: boolean };
}

export interface MemberNow {
  /** Decimal, as etcd's JSON has it. */
  readonly id: string;
  /** "" before it has started for the first time. */
  readonly name: string;
  /** "https://10.0.0.11:2380" */
  readonly peers: readonly string[];
  /** It answers, and knows a leader. */
  readonly healthy: boolean;
  /** "3.5.21"; "" when it does not answer. */
  readonly version: string;
}

export interface Situation {
  readonly cluster: Cluster;
  readonly nodes: readonly NodeNow[];
  readonly etcd: readonly MemberNow[];
  /** Machines by their names. */
  readonly phases: ReadonlyMap<string, Phase>;
  /** Releases whose programs this bsroot has whole. */
  readonly carried: readonly string[];
  /** Names of machines that have just asked for orders. */
  readonly awake: ReadonlySet<string>;
  /** Newest first. */
  readonly snapshots: readonly Snapshot[];
  /** In the order in which they can go; absent where nobody asked. */
  readonly leftovers?: readonly Leftover[];
}

export const nodeNow = ({ nodes }: Situation, name: string): NodeNow | undefined => nodes.find((node) => node.name === name);
export const machineNamed = ({ cluster }: Situation, name: string): Machine | undefined =>
  cluster.machines.find((machine) => machine.name === name);
export const isControlPlane = ({ roles }: Machine): boolean => roles.includes("control-plane");
/** Whether it becomes a Node. */
export const isNode = ({ roles }: Machine): boolean => roles.some((role) => role !== "etcd");

/** The member that this machine is: by name, or, before it has started, by its peers' address. */
export function memberOf({ etcd }: Situation, { name, address }: Machine): MemberNow | undefined {
  const here = (url: string): boolean => address !== undefined && url.includes(`://${address}:`);
  return etcd.find((member) => member.name === name) ?? etcd.find((member) => member.name === "" && member.peers.some(here));
}

/** Whether it keeps a member of etcd beside its API server, as kubeadm sets it up. */
export const ownsEtcd = ({ cluster }: Situation, machine: Machine): boolean =>
  separateEtcd(cluster).length === 0 && etcdMembers(cluster).some(({ mac }) => mac === machine.mac);

/** Whether its disk holds a member of an etcd with machines of its own: a service of the machine, which after an installation joins anew by itself. */
export const keepsEtcdApart = ({ cluster }: Situation, { mac }: Machine): boolean =>
  separateEtcd(cluster).some((member) => member.mac === mac);

/** Why a machine is not up to its work; undefined when it is. */
export function trouble(situation: Situation, machine: Machine): string | undefined {
  if (isNode(machine)) {
    const node = nodeNow(situation, machine.name);
    if (!node) return "it is not in the cluster";
    if (!node.ready) return "its Node is not Ready";
    if (isControlPlane(machine) && !node.apiServer?.ready) return "its API server is not ready";
  }
  const keepsMember = ownsEtcd(situation, machine) || keepsEtcdApart(situation, machine);
  return keepsMember && !memberOf(situation, machine)?.healthy ? "its member of etcd does not answer" : undefined;
}

/** The control planes that are in the cluster, whatever their health. */
export const present = (situation: Situation): readonly Machine[] =>
  controlPlanes(situation.cluster).filter(({ name }) => nodeNow(situation, name)?.apiServer !== undefined);

/** The oldest and the newest release that API servers run; undefined when none is known. */
export function apiReleases({ nodes }: Situation): { readonly oldest: string; readonly newest: string } | undefined {
  const [first, ...rest] = nodes.flatMap(({ apiServer }) => apiServer?.release ?? []).sort(compare);
  return first === undefined ? undefined : { oldest: first, newest: rest.at(-1) ?? first };
}
