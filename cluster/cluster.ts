/** The cluster description as values: what both forms of cluster-desc.yml become. Nothing in here is text that still needs checking. */
import type { Ipv4, Mac, Range, Subnet } from "./address.ts";
import type { Kubernetes } from "./kubernetes/model.ts";

export * from "./kubernetes/model.ts";

export const ROLES = ["control-plane", "worker", "etcd", "ingress", "storage"] as const;
export type RoleName = (typeof ROLES)[number];

export const ARCHITECTURES = ["amd64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export interface Cluster {
  /** A DNS label; names the cluster in certificates and logs. */
  readonly name: string;
  /** Every machine is `<name>.<domain>`. */
  readonly domain: string;
  readonly network: Network;
  readonly dns: Dns;
  readonly kubernetes: Kubernetes;
  /** Public keys as in authorized_keys(5), one each, for the administrator of every node. */
  readonly sshKeys: readonly string[];
  readonly machines: readonly Machine[];
  /** What a MAC that is not listed becomes: shown and left alone, or (the 2016 form) a plain worker without secrets. */
  readonly unlisted: Unlisted;
  /** Container images to carry along, by whole name: "docker.io/library/nginx:1.27". */
  readonly images: readonly string[];
  /** Further files to carry along. */
  readonly extras: readonly Extra[];
  readonly mirrors: readonly Mirror[];
  readonly install: InstallPolicy;
  /** Only from a 2016-form description: what it asks for that this release does not do. */
  readonly original?: Original;
}

export interface Network {
  readonly subnet: Subnet;
  /** The bootstrapper's own address: DHCP server identifier, DNS, NTP, HTTP. */
  readonly bootstrapper: Ipv4;
  /** The bootstrapper's name inside `domain`; the 2016 form calls it dockerdomain. */
  readonly bootstrapperName: string;
  readonly routers: readonly Ipv4[];
  /** Addresses for machines without a reserved one, used up in this order. Empty: only reservations are answered. */
  readonly ranges: readonly Range[];
  /** DNS servers given to machines; ours when the description names none. */
  readonly nameServers: readonly Ipv4[];
  /** Where our DNS asks what it does not know. Empty: it answers only for the cluster. */
  readonly upstream: readonly Ipv4[];
  /** Seconds; Infinity for "infinite". */
  readonly lease: number;
  /** `serve`: we give addresses. `proxy`: the site has its own DHCP (start_pxe: n). */
  readonly dhcp: "serve" | "proxy";
  /** Whether we serve time and tell machines so (option 42). */
  readonly ntp: boolean;
  /** What tells one client from another: its MAC, or its client-id (option 61) where it sends one. Reservations are always by MAC. */
  readonly leasesBy: "mac" | "client-id";
  /** Interfaces that DHCP is served on ("eth1"). Empty: the ones that own `bootstrapper` and the further subnets' `bootstrapper`. */
  readonly interfaces: readonly string[];
  /** DHCP options for every machine, beside those that follow from the fields above. */
  readonly options: readonly DhcpOption[];
  /** Networks of machines beside `subnet`: behind relays, or on further interfaces of the bootstrapper. */
  readonly subnets: readonly FurtherSubnet[];
  /** Whether an IPv6 router advertisement without prefix and lifetime ends the wait of firmware that looks for one. */
  readonly routerAdvertisements: boolean;
}

/**
 * A value that is already spelled as the option's bytes, in lower-case hex. It stands in place of what the server says itself under that code, but
 * for what firmware is to boot; dhcp-options.ts names the codes that cannot be here.
 */
export interface DhcpOption {
  /** 1 to 254. */
  readonly code: number;
  readonly hex: string;
}

export interface FurtherSubnet {
  readonly subnet: Subnet;
  /** Our own address there; absent when it is reached through a relay. */
  readonly bootstrapper?: Ipv4;
  readonly routers: readonly Ipv4[];
  readonly ranges: readonly Range[];
  /** Absent: those of the network. */
  readonly nameServers?: readonly Ipv4[];
  /** Seconds; absent: the network's. */
  readonly lease?: number;
  /** In place of the network's options of the same code. */
  readonly options: readonly DhcpOption[];
}

/** What our DNS knows and does beside the machines' own names. */
export interface Dns {
  readonly records: readonly DnsRecord[];
  /** Questions about a zone and what is below it go to these servers and no others. */
  readonly forward: readonly { readonly zone: string; readonly servers: readonly Ipv4[] }[];
  /** Who may change or copy the zone; the builder makes the secrets. */
  readonly keys: readonly TsigKey[];
  /** `<api>.<domain>` is every control plane, `*.<ingress>.<domain>` every ingress node (every worker when there is none). */
  readonly api: string;
  readonly ingress: string;
}

/** `name` is a whole name in lower case without its last dot; its first label may be `*`. */
export type DnsRecord = { readonly name: string /** Seconds. */; readonly ttl: number } & DnsData;
export type DnsData =
  | { readonly type: "A"; readonly address: Ipv4 }
  /** As inet_pton reads it. */
  | { readonly type: "AAAA"; readonly address: string }
  | { readonly type: "CNAME" | "PTR" | "NS"; readonly target: string }
  | { readonly type: "TXT"; readonly texts: readonly string[] }
  | { readonly type: "SRV"; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string };

/** RFC 8945 §6. */
export const TSIG_ALGORITHMS = ["hmac-sha256", "hmac-sha384", "hmac-sha512"] as const;
export interface TsigKey {
  /** A domain name. */
  readonly name: string;
  readonly algorithm: (typeof TSIG_ALGORITHMS)[number];
  readonly may: readonly ("update" | "transfer")[];
}

export interface Machine {
  readonly mac: Mac;
  /** Host name: a DNS label, unique in the cluster. */
  readonly name: string;
  /** Reserved address; absent: one from `network.range`. */
  readonly address?: Ipv4;
  /** At least one; in the order of ROLES. */
  readonly roles: readonly RoleName[];
  readonly architecture: Architecture;
  readonly os: Os;
  readonly disk: DiskRule;
  readonly labels: Readonly<Record<string, string>>;
  /** As kubelet takes them: "dedicated=gpu:NoSchedule". Absent: those that follow from its roles. */
  readonly taints?: readonly string[];
  /** In place of its subnet's options of the same code. */
  readonly options: readonly DhcpOption[];
  /** Its UEFI starts only what is signed: it is handed the signed loaders. */
  readonly secureBoot: boolean;
  /** The release of its kubelet, where it is not the cluster's. */
  readonly kubernetes?: string;
  /** Its GPU of NVIDIA. */
  readonly gpu?: Gpu;
}

/** What drives a GPU, as its publishers name it. */
export interface Gpu {
  /** The driver's branch and flavour: "570-open". */
  readonly drivers: string;
  /** The release of the container runtime: "1.17.9". */
  readonly runtime: string;
}

export type Unlisted =
  | { readonly become: "discovered" }
  | { readonly become: "worker"; readonly os: Os; readonly disk: DiskRule; readonly architecture: Architecture };

/** Which operating system, exactly. `version` "current" is resolved by the builder and pinned in sextant.lock. */
export type Os =
  | {
      readonly target: "flatcar";
      readonly channel: "stable" | "beta" | "alpha" | "lts";
      readonly version: string;
      /** System extensions of every node: each extends /usr by what is in its image. */
      readonly extensions?: readonly Extension[];
      /** Carries the release along in the form that installed nodes update themselves with. */
      readonly updates?: true;
    }
  | { readonly target: "fedora-coreos"; readonly stream: "stable" | "testing" | "next"; readonly version: string }
  | {
      readonly target: "enterprise-linux";
      readonly distribution: (typeof DISTRIBUTIONS)[number];
      /** "9" or "10", or one of their minor releases: "9.6". */
      readonly version: string;
      /** Where the installation tree is, and what its .treeinfo must hash to; absent: the distribution's own mirror. */
      readonly tree?: Source;
    }
  | {
      readonly target: "debian";
      readonly version: (typeof DEBIAN_RELEASES)[number];
      /** The archive, the folder that holds dists/ and pool/; absent: Debian's own. */
      readonly mirror?: string;
      /** Packages to install beside those that a node needs, in the order of their names. */
      readonly packages?: readonly string[];
    }
  /** The live server's ISO, with the kernel and the initrd of its folder casper/. */
  | { readonly target: "ubuntu"; readonly iso: Source; readonly kernel: Source; readonly initrd: Source }
  | { readonly target: "raw-image"; readonly image: Source; readonly kernel: Source; readonly initrd: Source };
export type OsName = Os["target"];

/** Which rebuilds of Enterprise Linux there are. */
export const DISTRIBUTIONS = ["rocky", "almalinux", "centos-stream"] as const;

export const DEBIAN_RELEASES = ["12", "13"] as const;

/** An image as systemd-sysext(8) merges it; its name is that of the extension-release file inside. */
export interface Extension extends Required<Source> {
  readonly name: string;
}

/** A file the user names: where it is, and what its bytes must hash to (hex), if they know. */
export interface Source {
  readonly url: string;
  readonly sha256?: string;
}

/** A file that the user wants carried along, served below /static/extras. */
export interface Extra extends Required<Source> {
  /** A plain path below html/static/extras. */
  readonly path: string;
  /** Taken out of the .tar.gz at `url` instead of being it. */
  readonly member?: string;
  /** Only for machines with this processor. */
  readonly architecture?: Architecture;
}

/** Which disk may be overwritten. Every given condition must hold; among those left, `pick` decides. */
export interface DiskRule {
  /** A device path: /dev/sda or a /dev/disk/by-... link. */
  readonly device?: string;
  readonly serial?: string;
  /** Bytes. */
  readonly minSize?: number;
  readonly maxSize?: number;
  readonly pick: "first" | "smallest" | "largest";
  /** `blank`: refuse a disk that holds anything Sextant did not write for this machine. `any`: overwrite what is there. */
  readonly wipe: "blank" | "any";
}

export interface InstallPolicy {
  /** Seconds that a grant stays open after the machine first asked to boot. */
  readonly window: number;
  /** Boots from the network one grant allows before the machine is called failed. */
  readonly attempts: number;
}

/** Settings of the 2016 form that nothing acts on yet; kept as they were written, so that nothing of a description is lost. */
export interface Original {
  /** The CoreOS release that was asked for, when Flatcar never had it. */
  readonly coreosVersion?: string;
  /** Container images by what they were for: "hyperkube" -> "gcr.io/google_containers/hyperkube-amd64:v1.6.2". */
  readonly images: Readonly<Record<string, string>>;
  /** When a node may restart for a new OS version: "etcd-lock" or "off", "03:00", "3h". */
  readonly reboots?: { readonly strategy?: string; readonly start?: string; readonly length?: string };
  readonly ceph?: { readonly startOsds: boolean; readonly journalMegabytes?: number };
  readonly gpu?: { readonly install: boolean; readonly drivers?: string };
  readonly ingressOnHostNetwork: boolean;
  readonly centos?: {
    readonly version?: string;
    readonly mirror?: string;
    readonly downloadKernel: boolean;
    readonly yumRepository?: string;
  };
  readonly nginxRoot?: string;
  /** The network interface flannel was to use, by MAC. */
  readonly flannelInterfaces: Readonly<Record<Mac, string>>;
}

/** Everything below `from` is fetched below `to` instead: another http(s) URL, a file: URL or a folder's path, relative to the description. */
export interface Mirror {
  readonly from: string;
  readonly to: string;
}
