/** What the founding depends on beside itself, from the description and from what machines and API servers do. Pure. */
import type { Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { etcdMembers, hostnameOf, machineByMac } from "../../cluster/queries.ts";
import type { MachineView } from "../machines/machine.ts";
import { isInstalled } from "../machines/state.ts";
import type { Seen } from "./api.ts";
import type { Circumstances } from "./founding.ts";

export interface Around {
  readonly now: number;
  readonly cluster: Cluster;
  find(mac: Mac): MachineView | undefined;
  /** When each machine asked last. */
  readonly asked: ReadonlyMap<Mac, number>;
  readonly seen: readonly Seen[];
}

/** Milliseconds in which a node that asks is one that has come up: it asks every few seconds. */
const ASKS = 60_000;

export function circumstancesOf(around: Around): Circumstances {
  const { now, cluster, find, seen } = around;
  return {
    now,
    answering: seen.filter(({ is }) => is !== "silent").map(({ mac }) => mac),
    clusterOf: (mac) => seen.find((one) => one.mac === mac)?.cluster,
    mayFound: (mac) => {
      const state = find(mac);
      return state !== undefined && isInstalled(state) && isControlPlane(cluster, mac);
    },
    nameOf: (mac) => hostnameOf(cluster, mac),
    members: membersOf(around),
  };
}

/** An etcd of its own machines must have its quorum before an API server can start; a stacked one grows with the control planes. */
function membersOf({ now, cluster, find, asked }: Around): Circumstances["members"] {
  const { expectedEtcd } = cluster.kubernetes;
  const members = etcdMembers(cluster);
  if (isStacked(cluster)) {
    const up = members.filter(({ mac }) => now - (asked.get(mac) ?? Number.NEGATIVE_INFINITY) <= ASKS).length;
    return { up, expected: expectedEtcd ?? 1, what: "control planes have come up" };
  }
  const up = members.filter(({ mac }) => find(mac)?.phase === "ready").length;
  return { up, expected: expectedEtcd ?? Math.floor(members.length / 2) + 1, what: "etcd machines are ready" };
}

export const isControlPlane = (cluster: Cluster, mac: Mac): boolean => machineByMac(cluster, mac)?.roles.includes("control-plane") ?? false;

/** Whether etcd lives on the control planes. */
export const isStacked = (cluster: Cluster): boolean => etcdMembers(cluster).every(({ roles }) => roles.includes("control-plane"));
