/** Which release of Kubernetes a machine runs, and what follows for its containers. */
import type { Cluster, Machine } from "../../../cluster/cluster.ts";
import { imageRepository } from "../../../cluster/kubernetes/images.ts";
import { kubeadmTags } from "../../../cluster/kubernetes/releases.ts";
import { machineByMac } from "../../../cluster/queries.ts";

/** Undefined where there is no Kubernetes, and on machines that only keep etcd or are not listed. */
export function releaseOf(cluster: Cluster, machine: Machine): string | undefined {
  const runsPods = machine.roles.some((role) => role !== "etcd");
  return runsPods && machineByMac(cluster, machine.mac) ? (machine.kubernetes ?? cluster.kubernetes.version) : undefined;
}

/** The image of the container that holds a pod together, as kubeadm of the release knows it. */
export function pauseImage(cluster: Cluster, machine: Machine): string | undefined {
  const release = releaseOf(cluster, machine);
  return release && `${imageRepository(release)}/pause:${kubeadmTags(cluster.kubernetes, release).pause}`;
}
