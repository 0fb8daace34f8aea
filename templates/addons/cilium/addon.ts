/** Cilium, by its project's own chart: pods get their addresses from the range that their node has. */
import { cidr } from "../../../cluster/address.ts";
import type { AddOn, AddOnContext } from "../../../cluster/extension.ts";
import { readManifest } from "../../../cluster/kubernetes/manifest.ts";
import { layout } from "../../../cluster/layout.ts";
import { fetchedText } from "../patch.ts";
import { isYes } from "../written.ts";

export const cilium: AddOn = {
  name: "cilium",
  artifacts: (context) => [
    {
      path: archiveOf(context),
      url: `https://helm.cilium.io/cilium-${context.settings["version"]}.tgz`,
      verify: { by: "first-use" },
    },
  ],
  chart: (context) => ({ archive: archiveOf(context), release: "cilium", namespace: "kube-system", values: valuesOf(context) }),
  manifests: (context, fetched) => readManifest(fetchedText(fetched, archiveOf(context))),
};

const archiveOf = ({ settings }: AddOnContext): string => `${layout.addons}/cilium/upstream/cilium-${settings["version"]}.tgz`;

/** Its own kube-proxy stays off: kubeadm deploys the usual one. Certificates of hubble are made in the cluster, so that none lies in the bsroot. */
function valuesOf({ cluster, settings }: AddOnContext) {
  const hubble = isYes(settings["hubble"]);
  return {
    cluster: { name: cluster.name },
    ipam: { mode: "kubernetes" },
    ipv4NativeRoutingCIDR: cidr(cluster.kubernetes.podSubnet),
    kubeProxyReplacement: false,
    operator: { replicas: cluster.machines.length > 1 ? 2 : 1 },
    hubble: {
      enabled: hubble,
      relay: { enabled: hubble },
      ui: { enabled: hubble },
      tls: { auto: { method: "cronJob" } },
    },
  };
}
