/** KubeletConfiguration and KubeProxyConfiguration: what every node of a cluster is given by the cluster. */
import type { Cluster } from "../../../cluster/cluster.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import { compare } from "../../../cluster/kubernetes/version.ts";

/** Every listed machine's own, signed by the appliance's CA (templates/roles/base). */
const NODE_CERTIFICATE = { tlsCertFile: "/etc/sextant/node.crt", tlsPrivateKeyFile: "/etc/sextant/node.key" };

/**
 * No serverTLSBootstrap: a kubelet whose request for a certificate nobody approves serves no logs and no metrics at all. Where metrics-server
 * looks at what kubelets show, they show the certificate that their machine came with. Nothing of one system
 * only either, such as its resolv.conf: nodes of different systems read this, and node-registration.ts says what is a node's own.
 */
export function kubeletConfiguration({ cluster: { kubernetes } }: BootContext) {
  const { system, kube } = kubernetes.reserved;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    cgroupDriver: "systemd",
    clusterDNS: [kubernetes.dnsAddress],
    clusterDomain: kubernetes.dnsDomain,
    maxPods: kubernetes.maxPods,
    ...(Object.keys(system).length > 0 && { systemReserved: system }),
    ...(Object.keys(kube).length > 0 && { kubeReserved: kube }),
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%", "imagefs.available": "15%" },
    // Unused images go before the eviction of pods begins, at 85.
    imageGCHighThresholdPercent: 80,
    imageGCLowThresholdPercent: 70,
    rotateCertificates: true,
    ...(kubernetes.addons.some(({ name }) => name === "metrics-server") && NODE_CERTIFICATE),
  };
}

export const kubeProxyConfiguration = ({ cluster }: BootContext) => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  mode: proxyMode(cluster),
});

/**
 * One for all nodes: by nftables where it is stable (Kubernetes 1.33 release notes). Enterprise Linux 10 has no other rules any more, so it gets
 * them as soon as kube-proxy can write them without a feature gate (1.31).
 */
export function proxyMode({ kubernetes, machines }: Pick<Cluster, "kubernetes" | "machines">): "nftables" | "iptables" {
  const release = kubernetes.version;
  if (release === undefined) return "iptables";
  const needed = machines.some(({ os }) => os.target === "enterprise-linux" && os.version.split(".")[0] === "10");
  return compare(release, needed ? "1.31" : "1.33") >= 0 ? "nftables" : "iptables";
}
