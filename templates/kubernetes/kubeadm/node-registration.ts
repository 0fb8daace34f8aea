/** nodeRegistration: what a node says of itself when it comes into the cluster. */
import type { Machine } from "../../../cluster/cluster.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import { apiOf } from "../../../cluster/kubernetes/kubeadm-api.ts";
import { compare } from "../../../cluster/kubernetes/version.ts";
import { extraArgs } from "./api.ts";

export function nodeRegistration(context: BootContext, release: string, to: "found" | "join") {
  const { cluster, machine } = context;
  const ignored = ignoredPreflightErrors(context, release, to);
  return {
    name: machine.name,
    criSocket: criSocket(release),
    kubeletExtraArgs: extraArgs(apiOf(release), { ...kubeletFlags(machine), ...cluster.kubernetes.flags.kubelet }),
    taints: taints(machine, release),
    ...(ignored.length > 0 && { ignorePreflightErrors: ignored }),
  };
}

/** Without a scheme before 1.24, which began to warn of its absence; some releases before it take the scheme for a part of the path. */
const criSocket = (release: string): string => `${compare(release, "1.24") < 0 ? "" : "unix://"}/run/containerd/containerd.sock`;

/** Systems whose /etc/resolv.conf names systemd-resolved on the loopback, which a pod cannot reach. */
const RESOLV_CONF: Readonly<Partial<Record<Machine["os"]["target"], string>>> = {
  flatcar: "/run/systemd/resolve/resolv.conf",
  "fedora-coreos": "/run/systemd/resolve/resolv.conf",
  ubuntu: "/run/systemd/resolve/resolv.conf",
  "enterprise-linux": "/etc/resolv.conf",
  debian: "/etc/resolv.conf",
};

/** Of a raw image nobody knows which it has: there kubeadm's own look at the system decides. */
function kubeletFlags({ labels, os }: Machine): Readonly<Record<string, string>> {
  const resolvConf = RESOLV_CONF[os.target];
  const own = Object.entries(labels).filter(([key]) => mayLabelItself(key));
  return {
    "node-ip": "@ADDRESS@",
    ...(own.length > 0 && { "node-labels": own.map(([key, value]) => `${key}=${value}`).join(",") }),
    ...(resolvConf !== undefined && { "resolv-conf": resolvConf }),
  };
}

/** Labels below these domains belong to Kubernetes: kubelet and NodeRestriction admit only the listed ones from a node itself. */
const KUBERNETES = /(^|\.)(kubernetes|k8s)\.io$/;
const OPEN_TO_NODES = /(^|\.)(kubelet|node)\.kubernetes\.io$/;
const ADMITTED: readonly string[] = [
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
];

/** Whether a kubelet may give its own Node this label; any other is set through the API (kubernetes.io, "NodeRestriction"). */
export function mayLabelItself(key: string): boolean {
  const domain = key.includes("/") ? key.split("/")[0]! : "";
  return !KUBERNETES.test(domain) || OPEN_TO_NODES.test(domain) || ADMITTED.includes(key);
}

/** Always written: kubeadm would taint a control plane whose list is not there. */
function taints(machine: Machine, release: string) {
  if (machine.taints) return machine.taints.map(parsed);
  const runsControlPlaneOnly = machine.roles.includes("control-plane") && !machine.roles.includes("worker");
  return runsControlPlaneOnly ? [{ key: controlPlaneLabel(release), effect: "NoSchedule" }] : [];
}

/** What kubeadm of the release marks control planes with, and what add-ons of its time tolerate. */
export const controlPlaneLabel = (release: string): string =>
  `node-role.kubernetes.io/${compare(release, "1.24") < 0 ? "master" : "control-plane"}`;

/** "dedicated=gpu:NoSchedule" -> its parts. */
function parsed(taint: string) {
  const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(.+)$/.exec(taint)!;
  return { key, ...(value && { value }), effect };
}

/** What the description names, and beside it only what fails because of what we put there. */
function ignoredPreflightErrors({ cluster, machine }: BootContext, release: string, to: "found" | "join"): readonly string[] {
  const { virtualAddress, ignoredChecks, clusterDns } = cluster.kubernetes;
  const isPlane = machine.roles.includes("control-plane");
  return [
    // A worker has the cluster's CA already, and no key that goes with it.
    ...(isPlane ? [] : ["FileAvailable--etc-kubernetes-pki-ca.crt"]),
    // kube-vip's manifest appears as soon as there are credentials for it, in whatever attempt that was.
    ...(isPlane && to === "join" && virtualAddress?.by === "kube-vip" ? ["DirAvailable--etc-kubernetes-manifests"] : []),
    // Before v1beta4 kubeadm pulls the image of CoreDNS even where it is not to deploy it, and it is not carried along.
    ...(isPlane && clusterDns === "none" && apiOf(release) !== "v1beta4" ? ["ImagePull"] : []),
    ...ignoredChecks,
  ];
}
