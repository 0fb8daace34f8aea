/** ClusterConfiguration: what holds for all control planes of a cluster, as kubeadm keeps it in the cluster itself. */
import { cidr } from "../../../cluster/address.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import { apiEndpoint } from "../../../cluster/kubernetes/endpoint.ts";
import { ETCD_SETTINGS, etcdEndpoints } from "../../../cluster/kubernetes/etcd.ts";
import { type Api, apiOf } from "../../../cluster/kubernetes/kubeadm-api.ts";
import { nodeMask } from "../../../cluster/kubernetes/pod-ranges.ts";
import { controlPlanes, fqdn, separateEtcd } from "../../../cluster/queries.ts";
import { apiServerTimeout, extraArgs, kubeadmDocument } from "./api.ts";
import { AUDIT_LOG, AUDIT_POLICY } from "./audit-policy.ts";

export const ENCRYPTION = "/etc/kubernetes/sextant/encryption.yaml";
const PKI = "/etc/kubernetes/pki";

/** Where every system can be written to; kubelet.service says the same. */
const VOLUME_PLUGINS = "/opt/libexec/kubernetes/kubelet-plugins/volume/exec";

/** Hours. kubeadm's year is over before anybody upgrades what has no internet; 825 days is what the builder's own certificates have. */
const CERTIFICATE_LIFE = "19800h0m0s";

export function clusterConfiguration({ cluster }: BootContext, release: string) {
  const api = apiOf(release);
  const { kubernetes } = cluster;
  const { host, port } = apiEndpoint(cluster);
  return {
    ...kubeadmDocument(api, "ClusterConfiguration"),
    clusterName: cluster.name,
    kubernetesVersion: `v${release}`,
    controlPlaneEndpoint: `${host}:${port}`,
    certificatesDir: PKI,
    ...(api === "v1beta4" && {
      encryptionAlgorithm: kubernetes.certificates === "ecdsa" ? "ECDSA-P256" : "RSA-2048",
      certificateValidityPeriod: CERTIFICATE_LIFE,
    }),
    networking: { podSubnet: cidr(kubernetes.podSubnet), serviceSubnet: cidr(kubernetes.serviceSubnet), dnsDomain: kubernetes.dnsDomain },
    etcd: etcd(cluster, api),
    apiServer: apiServer(cluster, api),
    controllerManager: {
      extraArgs: extraArgs(api, {
        ...elections(cluster),
        ...podRanges(cluster),
        "flex-volume-plugin-dir": VOLUME_PLUGINS,
        ...kubernetes.flags.controllerManager,
      }),
    },
    ...scheduler(cluster, api),
    ...dns(cluster, api),
  };
}

const alone = (cluster: Cluster): boolean => controlPlanes(cluster).length === 1;

/**
 * A lone control plane has nobody to elect among, so it renews its leases every five seconds in place of every two: etcd syncs that much
 * less, and a slow disk ends no controller that lost one. Without elections a second control plane, which takes what stands here, would have its
 * controllers work beside the first one's.
 */
const elections = (cluster: Cluster): Readonly<Record<string, string>> =>
  alone(cluster) ? { "leader-elect-lease-duration": "60s", "leader-elect-renew-deadline": "40s", "leader-elect-retry-period": "5s" } : {};

function scheduler(cluster: Cluster, api: Api) {
  const flags = { ...elections(cluster), ...cluster.kubernetes.flags.scheduler };
  return Object.keys(flags).length === 0 ? {} : { scheduler: { extraArgs: extraArgs(api, flags) } };
}

/** kubeadm itself has the controller manager give every node its part of podSubnet; only the size of a part is said here. */
const podRanges = ({ kubernetes }: Cluster) => ({ "node-cidr-mask-size": String(nodeMask(kubernetes.maxPods)) });

export const deploysDns = ({ kubernetes }: Cluster): boolean => kubernetes.clusterDns === "coredns";

/** A tag is written only where the description chose it: kubeadm leaves what is written as it is when it upgrades. */
function dns(cluster: Cluster, api: Api) {
  if (!deploysDns(cluster)) return api === "v1beta4" ? { dns: { disabled: true } } : {};
  const { coredns: imageTag } = cluster.kubernetes.components;
  return imageTag === undefined ? {} : { dns: { ...(api === "v1beta2" && { type: "CoreDNS" }), imageTag } };
}

function apiServer(cluster: Cluster, api: Api) {
  const [first, last] = cluster.kubernetes.nodePorts;
  const flags = {
    "service-node-port-range": `${first}-${last}`,
    "encryption-provider-config": ENCRYPTION,
    "audit-policy-file": AUDIT_POLICY,
    "audit-log-path": `${AUDIT_LOG}/audit.log`,
    "audit-log-maxage": "30",
    "audit-log-maxbackup": "10",
    "audit-log-maxsize": "100",
    profiling: "false",
    // Long-lived connections spread over all API servers again after one of them was away.
    ...(!alone(cluster) && { "goaway-chance": "0.001" }),
    ...cluster.kubernetes.flags.apiServer,
  };
  return {
    extraArgs: extraArgs(api, flags),
    extraVolumes: [
      { name: "encryption", hostPath: ENCRYPTION, mountPath: ENCRYPTION, readOnly: true, pathType: "File" },
      { name: "audit-policy", hostPath: AUDIT_POLICY, mountPath: AUDIT_POLICY, readOnly: true, pathType: "File" },
      { name: "audit-log", hostPath: AUDIT_LOG, mountPath: AUDIT_LOG, readOnly: false, pathType: "DirectoryOrCreate" },
    ],
    certSANs: certificateNames(cluster),
    ...apiServerTimeout(api),
  };
}

/** Under whatever name or address somebody reaches an API server, its certificate has it. */
function certificateNames(cluster: Cluster): readonly string[] {
  const { kubernetes, dns, domain } = cluster;
  const planes = controlPlanes(cluster).flatMap((machine) => [machine.name, fqdn(machine, cluster), machine.address ?? []].flat());
  const virtual = kubernetes.virtualAddress ? [kubernetes.virtualAddress.address] : [];
  return [...new Set([`${dns.api}.${domain}`, dns.api, ...virtual, ...kubernetes.apiNames, ...planes, "localhost", "127.0.0.1"])];
}

function etcd(cluster: Cluster, api: Api) {
  if (separateEtcd(cluster).length > 0) {
    return {
      external: {
        endpoints: etcdEndpoints(cluster),
        caFile: `${PKI}/etcd/ca.crt`,
        certFile: `${PKI}/apiserver-etcd-client.crt`,
        keyFile: `${PKI}/apiserver-etcd-client.key`,
      },
    };
  }
  const { etcd: imageTag } = cluster.kubernetes.components;
  return { local: { dataDir: "/var/lib/etcd", ...(imageTag !== undefined && { imageTag }), extraArgs: extraArgs(api, ETCD_SETTINGS) } };
}
