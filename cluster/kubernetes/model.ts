/** What a description wants of Kubernetes, as values. */
import type { Ipv4, Subnet } from "../address.ts";
import type { Source } from "../cluster.ts";
import type { Components } from "./components.ts";
import type { Flags } from "./flags.ts";
import type { KubeadmTags } from "./images.ts";

export interface Kubernetes {
  /** "1.36.4"; "1.36" or "current" until what sextant.lock pinned stands there; absent until the description asks for Kubernetes. */
  readonly version?: string;
  /** Releases that are carried along besides, spelled alike; none of them twice once they are exact. */
  readonly offered: readonly string[];
  /** Versions that the description names in place of those that go with a release. */
  readonly components: Partial<Components & KubeadmTags>;
  /** From sextant.lock: what kubeadm of a release asks for, where we do not know it ourselves. */
  readonly tags?: Readonly<Record<string, KubeadmTags>>;
  readonly podSubnet: Subnet;
  readonly serviceSubnet: Subnet;
  readonly dnsDomain: string;
  readonly dnsAddress: Ipv4;
  /** Further names and addresses in the API server's certificate. */
  readonly apiNames: readonly string[];
  /** What carries packets between pods. `bridge`: the CNI plugin of that name, and a route for each node. `none`: the operator brings it. */
  readonly podNetwork: PodNetwork;
  readonly flannel: "vxlan" | "host-gw" | "udp";
  /** One address for all API servers, held by one of the control planes that live; absent: the name `<api>.<domain>` is all of them. */
  readonly virtualAddress?: VirtualAddress;
  /** First and last port that services may have on every node. */
  readonly nodePorts: readonly [first: number, last: number];
  readonly maxPods: number;
  /** Kept from pods on every node, as Kubernetes writes quantities: { cpu: "100m", memory: "256Mi" }. */
  readonly reserved: { readonly system: Reservation; readonly kube: Reservation };
  /** The cluster is founded when so many members of etcd have come up; absent: as soon as one may. */
  readonly expectedEtcd?: number;
  readonly certificates: KeyKind;
  /** Whether kubeadm deploys CoreDNS for the services' names. */
  readonly clusterDns: "coredns" | "none";
  /** Preflight checks whose failure kubeadm only tells, by its own names: "NumCPU". */
  readonly ignoredChecks: readonly string[];
  /** What is added to the flags of Kubernetes' own programs. */
  readonly flags: Flags;
  /** Who pods are at registries other than ours, which wants no password. */
  readonly imagePullSecrets: readonly ImagePullSecret[];
  readonly addons: readonly AddOnChoice[];
  /** Charts rendered when the bsroot is built. */
  readonly charts: readonly Chart[];
}

export const POD_NETWORKS = ["flannel", "calico", "cilium", "kube-router", "bridge", "none"] as const;
export type PodNetwork = (typeof POD_NETWORKS)[number];

export const KEY_KINDS = ["rsa", "ecdsa"] as const;
/** RSA of 3072 bits for authorities and 2048 for what they sign, or ECDSA P-256. */
export type KeyKind = (typeof KEY_KINDS)[number];

export interface VirtualAddress {
  readonly address: Ipv4;
  /** `keepalived` needs its package on the control planes and puts haproxy before the API servers; `kube-vip` is a static pod. */
  readonly by: "kube-vip" | "keepalived";
  /** VRRP's virtual router id, 1 to 255: unique among those who share the network. */
  readonly routerId: number;
}

export interface Reservation {
  readonly cpu?: string;
  readonly memory?: string;
}

/** A Secret in each of its namespaces, which pods there pull with. The password is not the description's: the builder has it from docker. */
export interface ImagePullSecret {
  /** A DNS label: the Secret's name. */
  readonly name: string;
  /** As images name it: "registry.corp.lan:5000", "docker.io". */
  readonly registry: string;
  /** Whom its certificate is from, where systems do not believe them by themselves: certificates in PEM, one after the other. */
  readonly ca?: string;
  /** None of them twice. */
  readonly namespaces: readonly string[];
}

/** Something deployed into the cluster once it runs; `settings` are checked by the add-on itself. */
export interface AddOnChoice {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** A helm chart: where its archive is, and the values it is rendered with. */
export interface Chart extends Source {
  /** A DNS label: the release's name. */
  readonly name: string;
  readonly namespace: string;
  /** YAML, as helm takes it. */
  readonly values: string;
}
