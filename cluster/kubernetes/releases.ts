/** The Kubernetes releases of a description: what has to be asked to know them exactly, and what they consist of once it is known. */
import type { Cluster, Kubernetes } from "../cluster.ts";
import type { VersionQuery } from "../extension.ts";
import { separateEtcd } from "../queries.ts";
import { formatTags, type KubeadmTags, knownTags, kubeadmImages, parseTags, readTags, tagsUrl } from "./images.ts";
import { isExact } from "./version.ts";

/** As they are written, once each: the cluster's own, those that machines have of their own, those that are carried besides. */
export const releasesOf = ({ kubernetes, machines }: Pick<Cluster, "kubernetes" | "machines">): readonly string[] => [
  ...new Set([kubernetes.version ?? [], machines.map((machine) => machine.kubernetes ?? []), kubernetes.offered].flat(2)),
];

export interface ReleaseQuestion {
  /** As in Lock.versions: "kubernetes/1.36", "kubeadm/1.36.4". */
  readonly key: string;
  readonly query: VersionQuery;
}

const releaseKey = (written: string): string => `kubernetes/${written}`;
const tagsKey = (version: string): string => `kubeadm/${version}`;

/** `pinned`: what sextant.lock has. What an exact release needs can only be asked once it is known. */
export function releaseQuestions(cluster: Cluster, pinned: Readonly<Record<string, string>>): readonly ReleaseQuestion[] {
  return releasesOf(cluster).flatMap((written) => {
    const open = isExact(written) ? [] : [{ key: releaseKey(written), query: stable(written) }];
    const version = isExact(written) ? written : own(pinned, releaseKey(written));
    return [...open, ...(version === undefined || tagsOf(cluster.kubernetes, version) ? [] : [tagsQuestion(version)])];
  });
}

const tagsQuestion = (version: string): ReleaseQuestion => ({
  key: tagsKey(version),
  query: {
    url: tagsUrl(version),
    read: (text) => formatTags(readTags(text, version)),
    wayOut: "write coredns:, etcd: and pause: below kubernetes.components:, as `kubeadm config images list` prints them",
  },
});

const stable = (written: string): VersionQuery => ({
  wayOut: "write the whole release, as in 1.36.4",
  url: `https://dl.k8s.io/release/${written === "current" ? "stable" : `stable-${written}`}.txt`,
  read(text) {
    const version = /^v(1\.\d{1,3}\.\d{1,3})\s*$/.exec(text)?.[1];
    if (version === undefined) throw new TypeError("has no version such as v1.36.4; is a proxy or a login page in the way?");
    return version;
  },
});

/** The description's word counts first, then what we know, then what was looked up. */
function tagsOf({ components, tags }: Kubernetes, version: string): KubeadmTags | undefined {
  const { coredns, etcd, pause } = { ...(knownTags(version) ?? (tags && own(tags, version))), ...components };
  return coredns && etcd && pause ? { coredns, etcd, pause } : undefined;
}

/** The same cluster with exact releases; `pinned` answers undefined, and remembers it, for what the lock does not have. */
export function resolveReleases<T extends Pick<Cluster, "kubernetes" | "machines">>(
  cluster: T,
  pinned: (key: string) => string | undefined,
): T {
  const exact = (written: string): string => (isExact(written) ? written : (pinned(releaseKey(written)) ?? written));
  const { version, offered, ...rest } = cluster.kubernetes;
  const machines = cluster.machines.map((machine) =>
    machine.kubernetes ? { ...machine, kubernetes: exact(machine.kubernetes) } : machine,
  );
  const own = version === undefined ? undefined : exact(version);
  const others = [...new Set(offered.map(exact))].filter((one) => one !== own);
  const kubernetes: Kubernetes = { ...rest, ...(own && { version: own }), offered: others };
  const unknown = releasesOf({ kubernetes, machines }).filter((one) => isExact(one) && !tagsOf(kubernetes, one));
  const found = unknown.flatMap((one) => {
    const tags = parseTags(pinned(tagsKey(one)) ?? "");
    return tags ? [[one, tags] as const] : [];
  });
  return { ...cluster, machines, kubernetes: found.length === 0 ? kubernetes : { ...kubernetes, tags: Object.fromEntries(found) } };
}

/** Versions of CoreDNS, etcd and pause that kubeadm of a release is to use. Throws TypeError for one that is not resolved. */
export function kubeadmTags(kubernetes: Kubernetes, version: string): KubeadmTags {
  const tags = tagsOf(kubernetes, version);
  if (!tags) throw new TypeError(`what kubeadm ${version} needs is not known yet; resolve the cluster with sextant.lock first`);
  return tags;
}

/** Every image that kubeadm needs for these releases, by whole name. An etcd that has machines of its own comes as a program. */
export function releaseImages(cluster: Pick<Cluster, "kubernetes" | "machines">): readonly string[] {
  const { kubernetes } = cluster;
  const without = [
    ...(kubernetes.clusterDns === "none" ? (["coredns"] as const) : []),
    ...(separateEtcd(cluster).length > 0 ? (["etcd"] as const) : []),
  ];
  return releasesOf(cluster).flatMap((version) => kubeadmImages(version, kubeadmTags(kubernetes, version), without));
}

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(record, key) ? record[key] : undefined);
