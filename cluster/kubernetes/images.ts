/** The container images that kubeadm of a release starts a cluster from: what `kubeadm config images list` prints. */
import { compare, minorOf } from "./version.ts";

/** What Kubernetes does not release itself; the rest carries its own version. */
export interface KubeadmTags {
  readonly coredns: string;
  readonly etcd: string;
  readonly pause: string;
}

interface Row {
  /** The first and the last release that are known to ask for these. */
  readonly from: string;
  readonly to: string;
  readonly tags: KubeadmTags;
  readonly source: string;
}

/** Patch releases change etcd now and then, so only what was seen is listed; any other release is looked up (`tagsUrl`). */
const KNOWN: readonly Row[] = [
  {
    from: "1.37.0",
    to: "1.37.1",
    tags: { coredns: "v1.14.6", etcd: "3.7.0-0", pause: "3.10.2" },
    source: "kubernetes/kubernetes #140333",
  },
  {
    from: "1.36.2",
    to: "1.36.2",
    tags: { coredns: "v1.14.2", etcd: "3.6.8-0", pause: "3.10.2" },
    source: "kubernetes-sigs/kubespray #13363",
  },
  {
    from: "1.35.0",
    to: "1.35.0",
    tags: { coredns: "v1.13.1", etcd: "3.6.6-0", pause: "3.10.1" },
    source: "constants.go of v1.35.0",
  },
  {
    from: "1.20.2",
    to: "1.20.2",
    tags: { coredns: "1.7.0", etcd: "3.4.13-0", pause: "3.2" },
    source: "kubeadm 1.20.2 config images list",
  },
];

/** Undefined for a release that has to be looked up. */
export const knownTags = (version: string): KubeadmTags | undefined =>
  KNOWN.find(({ from, to }) => compare(version, from) >= 0 && compare(version, to) <= 0)?.tags;

/** Where kubeadm of this release says what it needs: the source it was built from. */
export const tagsUrl = (version: string): string =>
  `https://raw.githubusercontent.com/kubernetes/kubernetes/v${version}/cmd/kubeadm/app/constants/constants.go`;

/** Reads that source. Throws TypeError when it says nothing of them. */
export function readTags(text: string, version: string): KubeadmTags {
  const constant = (name: string): string | undefined => new RegExp(`^\\s*${name}\\s*=\\s*"([\\w.-]+)"`, "m").exec(text)?.[1];
  const supported = /SupportedEtcdVersion\s*=\s*map\[uint8\]string\s*\{([^}]*)\}/.exec(text)?.[1] ?? "";
  const minor = version.split(".")[1]!;
  const etcd = new RegExp(`^\\s*${minor}:\\s*"([\\w.-]+)"`, "m").exec(supported)?.[1] ?? constant("DefaultEtcdVersion");
  const coredns = constant("CoreDNSVersion");
  const pause = constant("PauseVersion");
  if (!coredns || !etcd || !pause) {
    throw new TypeError(`does not say which versions of CoreDNS, etcd and pause kubeadm ${version} needs`);
  }
  return { coredns, etcd, pause };
}

/** One line for sextant.lock, and back. */
export const formatTags = ({ coredns, etcd, pause }: KubeadmTags): string => `coredns ${coredns} etcd ${etcd} pause ${pause}`;
export function parseTags(line: string): KubeadmTags | undefined {
  const [, coredns, etcd, pause] = /^coredns (\S+) etcd (\S+) pause (\S+)$/.exec(line) ?? [];
  return coredns && etcd && pause ? { coredns, etcd, pause } : undefined;
}

/** The first of each minor release that takes images from registry.k8s.io (kubernetes/kubernetes #113388, #113393, #113395); all from 1.25 on do. */
const MOVED = ["1.22.17", "1.23.15", "1.24.9"];
/** Where kubeadm of this exact release takes images from unless it is told otherwise. */
export function imageRepository(version: string): string {
  const moved = compare(version, "1.25") >= 0 || MOVED.some((first) => minorOf(first) === minorOf(version) && compare(version, first) >= 0);
  return moved ? "registry.k8s.io" : "k8s.gcr.io";
}

/** By whole name. CoreDNS has had a folder of its own since 1.21. */
export function kubeadmImages(
  version: string,
  { coredns, etcd, pause }: KubeadmTags,
  without: readonly ("coredns" | "etcd")[] = [],
): readonly string[] {
  const own = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"].map((name) => `${name}:v${version}`);
  const dns = compare(version, "1.21") < 0 ? "coredns" : "coredns/coredns";
  const named = [
    ...own,
    ...(without.includes("coredns") ? [] : [`${dns}:${coredns}`]),
    `pause:${pause}`,
    ...(without.includes("etcd") ? [] : [`etcd:${etcd}`]),
  ];
  return named.map((name) => `${imageRepository(version)}/${name}`);
}
