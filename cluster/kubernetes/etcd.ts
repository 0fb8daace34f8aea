/** etcd as all its members must run it, whether kubeadm starts it beside an API server or it has a machine to itself. */
import type { Cluster } from "../cluster.ts";
import { separateEtcd } from "../queries.ts";
import { kubeadmTags } from "./releases.ts";

export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;

/** etcd's flags. Its own times, 100 and 1000 ms, elect a new leader whenever a slow disk takes a second to sync; these are K3s' and RKE2's, the same for all members. */
export const ETCD_SETTINGS = {
  "heartbeat-interval": "500",
  "election-timeout": "5000",
  // Bytes: the most that etcd recommends.
  "quota-backend-bytes": String(8 * 2 ** 30),
  // For whoever looks on the machine itself; kubeadm's liveness probe asks there too.
  "listen-metrics-urls": "http://127.0.0.1:2381",
} as const;

/** Where a client finds the members of an etcd that has machines of its own. Throws TypeError for a machine without a reserved address. */
export const etcdEndpoints = (cluster: Cluster): readonly string[] =>
  separateEtcd(cluster).map(({ name, address }) => {
    if (!address) throw new TypeError(`${name} keeps etcd and has no reserved address; write address: for it`);
    return `https://${address}:${ETCD_CLIENT_PORT}`;
  });

/** The release of etcd that goes with one of Kubernetes: the one whose image kubeadm would take, so that one choice decides both. */
export const etcdRelease = (kubernetes: Cluster["kubernetes"], release: string): string =>
  kubeadmTags(kubernetes, release).etcd.replace(/^v|-.*$/g, "");
