/** Kubernetes' programs and what a node runs beside them: where each comes from, how it is checked, and where nodes find it. */
import type { Architecture, Cluster } from "../../cluster/cluster.ts";
import type { Artifact } from "../../cluster/extension.ts";
import { type Components, componentsFor } from "../../cluster/kubernetes/components.ts";
import { etcdRelease } from "../../cluster/kubernetes/etcd.ts";
import { releasesOf } from "../../cluster/kubernetes/releases.ts";
import { isExact } from "../../cluster/kubernetes/version.ts";
import { layout } from "../../cluster/layout.ts";
import { architectures, separateEtcd } from "../../cluster/queries.ts";

export const PARTS = ["kubeadm", "kubelet", "kubectl", "containerd", "runc", "cniPlugins", "crictl"] as const;
export type Part = (typeof PARTS)[number];

interface Source {
  /** Its name below kubernetes/<release>/<architecture>/. */
  readonly file: string;
  url(version: string, architecture: Architecture): string;
  /** The published hashes: the URL itself with this behind it, or a file beside it. */
  readonly sums: { readonly behind: string } | { readonly beside: string };
  readonly member?: string;
}

const released =
  (project: string, file: (version: string, architecture: Architecture) => string) => (version: string, architecture: Architecture) =>
    `https://github.com/${project}/releases/download/v${version}/${file(version, architecture)}`;
const kubernetes = (file: string): Source => ({
  file,
  url: (version, architecture) => `https://dl.k8s.io/release/v${version}/bin/linux/${architecture}/${file}`,
  sums: { behind: ".sha256" },
});

const SOURCES: Readonly<Record<Part, Source>> = {
  kubeadm: kubernetes("kubeadm"),
  kubelet: kubernetes("kubelet"),
  kubectl: kubernetes("kubectl"),
  containerd: {
    file: "containerd.tar.gz",
    url: released("containerd/containerd", (version, architecture) => `containerd-${version}-linux-${architecture}.tar.gz`),
    sums: { behind: ".sha256sum" },
  },
  runc: {
    file: "runc",
    url: released("opencontainers/runc", (_, architecture) => `runc.${architecture}`),
    sums: { beside: "runc.sha256sum" },
  },
  cniPlugins: {
    file: "cni-plugins.tgz",
    url: released("containernetworking/plugins", (version, architecture) => `cni-plugins-linux-${architecture}-v${version}.tgz`),
    sums: { behind: ".sha256" },
  },
  crictl: {
    file: "crictl",
    url: released("kubernetes-sigs/cri-tools", (version, architecture) => `crictl-v${version}-linux-${architecture}.tar.gz`),
    sums: { behind: ".sha256" },
    member: "crictl",
  },
};

/** Where a node finds each part of a release, below /static. containerd and the CNI plugins are archives, the rest programs. */
export function placesOf(release: string, architecture: Architecture): Readonly<Record<Part, string>> {
  if (!isExact(release)) throw new TypeError(`Kubernetes ${release} is no exact release yet; resolve the cluster with sextant.lock first`);
  const place = (part: Part) => [part, `kubernetes/${release}/${architecture}/${SOURCES[part].file}`] as const;
  return Object.fromEntries(PARTS.map(place)) as Record<Part, string>;
}

/** Where a machine that has etcd to itself finds it, below /static: an archive with `etcd` and `etcdctl`. */
export const etcdPlace = (release: string, architecture: Architecture): string => `kubernetes/${release}/${architecture}/etcd.tar.gz`;

/** Every part of every release for every processor of a cluster whose releases are exact. */
export const kubernetesArtifacts = (cluster: Cluster): readonly Artifact[] =>
  releasesOf(cluster).flatMap((release) => {
    const components = componentsFor(release, cluster.kubernetes.components);
    return [
      ...architectures(cluster).flatMap((architecture) => artifactsOf(release, components, architecture)),
      ...etcdArtifacts(cluster, release),
    ];
  });

/** Control planes have etcd from its image. */
function etcdArtifacts(cluster: Cluster, release: string): readonly Artifact[] {
  const there = new Set(separateEtcd(cluster).map(({ architecture }) => architecture));
  return [...there].map((architecture) => {
    const version = etcdRelease(cluster.kubernetes, release);
    const url = released("etcd-io/etcd", () => `etcd-v${version}-linux-${architecture}.tar.gz`)(version, architecture);
    const sums = url.replace(/[^/]+$/, "SHA256SUMS");
    return { path: `${layout.static}/${etcdPlace(release, architecture)}`, url, verify: { by: "sums", sums } };
  });
}

function artifactsOf(release: string, components: Components, architecture: Architecture): readonly Artifact[] {
  const places = placesOf(release, architecture);
  return PARTS.map((part) => {
    const { member, sums, ...source } = SOURCES[part];
    const url = source.url(part in components ? components[part as keyof Components] : release, architecture);
    const hashes = "behind" in sums ? url + sums.behind : url.replace(/[^/]+$/, sums.beside);
    return { path: `${layout.static}/${places[part]}`, url, verify: { by: "sums", sums: hashes }, ...(member && { member }) };
  });
}
