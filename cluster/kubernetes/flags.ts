/** Flags of Kubernetes' own programs that a description may add to, and those that follow from something else. */

/** As kubeadm calls them; `kubelet` is every node's. */
export type Program = "apiServer" | "controllerManager" | "scheduler" | "kubelet";

/** Names without their dashes. */
export type Flags = Readonly<Record<Program, Readonly<Record<string, string>>>>;

/** What to write instead of a flag; "" for one that cannot be another. */
const TAKEN: Readonly<Record<Program, Readonly<Record<string, string>>>> = {
  apiServer: {
    "advertise-address": "the machine's address",
    "audit-log-path": "",
    "audit-policy-file": "",
    "bind-address": "",
    "client-ca-file": "",
    "encryption-provider-config": "",
    "etcd-servers": "machines with the role etcd",
    "secure-port": "",
    "service-cluster-ip-range": "serviceSubnet",
    "service-node-port-range": "nodePorts",
    "tls-cert-file": "",
    "tls-private-key-file": "",
  },
  controllerManager: {
    "cluster-cidr": "podSubnet",
    "cluster-signing-cert-file": "",
    "cluster-signing-key-file": "",
    "flex-volume-plugin-dir": "",
    "node-cidr-mask-size": "maxPods",
    "root-ca-file": "",
    "service-cluster-ip-range": "serviceSubnet",
  },
  scheduler: {},
  kubelet: {
    "cluster-dns": "dnsAddress",
    "cluster-domain": "dnsDomain",
    config: "",
    "container-runtime-endpoint": "",
    "hostname-override": "the machine's name",
    kubeconfig: "",
    "kube-reserved": "reserved",
    "max-pods": "maxPods",
    "node-ip": "the machine's address",
    "node-labels": "the machine's labels",
    "register-with-taints": "the machine's taints",
    "resolv-conf": "",
    "system-reserved": "reserved",
  },
};

/** What says it instead, "" when nothing does; undefined for a flag that may be written. */
export const takenBy = (program: Program, flag: string): string | undefined =>
  Object.hasOwn(TAKEN[program], flag) ? TAKEN[program][flag] : undefined;
