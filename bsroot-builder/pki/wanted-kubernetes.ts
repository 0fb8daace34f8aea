/** What Kubernetes and etcd need of certificates beside those that kubeadm makes on the nodes: named and shaped as kubeadm would, so that it takes them as its own. */
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import { compare } from "../../cluster/kubernetes/version.ts";
import { layout } from "../../cluster/layout.ts";
import { etcdOfRole, fqdn } from "../../cluster/queries.ts";
import type { Authority, Leaf } from "./wanted.ts";

export const clusterCa = (cluster: Cluster): Authority => ({
  ...authority(cluster, "kubernetes"),
  name: "kubernetes-ca",
  use: "signs what API servers, kubelets and administrators show",
  certificate: layout.tls.clusterCa,
  key: layout.tls.clusterCaKey,
  original: true,
});

const frontProxyCa = (cluster: Cluster): Authority => ({
  ...authority(cluster, "front-proxy-ca"),
  use: "signs what API servers show to extension API servers",
  certificate: layout.tls.frontProxyCa,
  key: layout.tls.frontProxyCaKey,
});

const etcdCa = (cluster: Cluster): Authority => ({
  ...authority(cluster, "etcd-ca"),
  use: "signs what etcd and its clients show",
  certificate: layout.tls.etcdCa,
  key: layout.tls.etcdCaKey,
  // Where control planes keep etcd, kubeadm signs on them.
  ...(etcdOfRole(cluster).length > 0 && {
    succession: { before: layout.tls.etcdCaBefore, beforeKey: layout.tls.etcdCaBeforeKey, bridge: layout.tls.etcdCaBridge },
  }),
});

/** kubeadm writes a CA's common name among its alternative names too. */
const authority = (
  { kubernetes }: Cluster,
  commonName: string,
): Pick<Authority, "name" | "subject" | "alternatives" | "keys" | "original"> => ({
  name: commonName,
  subject: { commonName },
  alternatives: { names: [commonName], addresses: [] },
  keys: kubernetes.certificates,
  original: false,
});

/** Those that only a cluster with Kubernetes needs; of them etcd's also where etcd is without it. */
export function kubernetesAuthorities(cluster: Cluster): readonly Authority[] {
  if (cluster.kubernetes.version !== undefined) return [frontProxyCa(cluster), etcdCa(cluster)];
  return etcdOfRole(cluster).length > 0 ? [etcdCa(cluster)] : [];
}

export function kubernetesLeaves(cluster: Cluster): readonly Leaf[] {
  const { version } = cluster.kubernetes;
  const members = etcdOfRole(cluster);
  const administrators = version === undefined ? [] : [admin(cluster, version), superAdmin(cluster)];
  const own = members.map((machine) => member(cluster, machine));
  return [...administrators, ...own, ...(version !== undefined || own.length > 0 ? [etcdClient(cluster)] : [])];
}

/** From 1.29 on an administrator is one by a binding, which can be taken away again; before, by a group that no rule stops. */
const ADMINISTRATORS_BOUND = "1.29";

/** As in kubeadm's admin.conf. */
function admin(cluster: Cluster, version: string): Leaf {
  const isBound = version === "current" || compare(version, ADMINISTRATORS_BOUND) >= 0;
  return {
    ...client(cluster, "kubernetes-admin", isBound ? "kubeadm:cluster-admins" : "system:masters"),
    name: "admin",
    use: "the administrator's, for kubectl",
    certificate: layout.tls.admin,
    key: layout.tls.adminKey,
  };
}

/** As in kubeadm's super-admin.conf: whoever brings a cluster up needs it before the administrators' binding is there, and when somebody deleted it. */
const superAdmin = (cluster: Cluster): Leaf => ({
  ...client(cluster, "kubernetes-super-admin", "system:masters"),
  name: "super-admin",
  use: "brings the cluster up, and back when its rules are lost",
  certificate: layout.tls.superAdmin,
  key: layout.tls.superAdminKey,
});

const client = (
  cluster: Cluster,
  commonName: string,
  organization: string,
): Pick<Leaf, "subject" | "purpose" | "alternatives" | "keys" | "issuer" | "onNodes"> => ({
  subject: { commonName, organization },
  purpose: "client",
  alternatives: { names: [], addresses: [] },
  keys: cluster.kubernetes.certificates,
  issuer: clusterCa(cluster),
  onNodes: false,
});

/** One pair for both of its listeners: a member shows its peers what it shows its clients, and each side of a connection between members is a client too. */
const member = (cluster: Cluster, machine: Machine): Leaf => ({
  name: `etcd/${machine.name}`,
  use: `${machine.name} as a member of etcd`,
  certificate: layout.tls.etcdMember(machine.mac),
  key: layout.tls.etcdMemberKey(machine.mac),
  subject: { commonName: machine.name },
  purpose: "server and client",
  alternatives: {
    names: [machine.name, fqdn(machine, cluster), "localhost"],
    addresses: [...(machine.address === undefined ? [] : [machine.address]), "127.0.0.1", "::1"],
  },
  keys: cluster.kubernetes.certificates,
  issuer: etcdCa(cluster),
  onNodes: true,
});

/** Where etcd stands beside the API servers, kubeadm makes theirs on the nodes, and this one is the bootstrapper's alone; without Kubernetes, the operator's. */
const etcdClient = (cluster: Cluster): Leaf => ({
  name: "apiserver-etcd-client",
  ...shownToEtcd(cluster),
  certificate: layout.tls.etcdClient,
  key: layout.tls.etcdClientKey,
  subject: { commonName: "kube-apiserver-etcd-client" },
  purpose: "client",
  alternatives: { names: [], addresses: [] },
  keys: cluster.kubernetes.certificates,
  issuer: etcdCa(cluster),
});

function shownToEtcd(cluster: Cluster): Pick<Leaf, "use" | "onNodes"> {
  if (cluster.kubernetes.version === undefined) return { use: "what you show to etcd, with etcdctl", onNodes: false };
  const onNodes = etcdOfRole(cluster).length > 0;
  return { use: onNodes ? "what API servers and the bootstrapper show to etcd" : "what the bootstrapper shows to etcd", onNodes };
}
