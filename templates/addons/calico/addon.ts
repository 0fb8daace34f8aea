/** Calico, as its project publishes it, with this cluster's pod network. */
import { cidr } from "../../../cluster/address.ts";
import type { AddOn, AddOnContext, Artifact } from "../../../cluster/extension.ts";
import { readManifest } from "../../../cluster/kubernetes/manifest.ts";
import { layout } from "../../../cluster/layout.ts";
import { changed, fetchedText, withContainer, withEnvironment } from "../patch.ts";

export const calico: AddOn = {
  name: "calico",
  artifacts: (context) => [manifestOf(context)],
  manifests(context, fetched) {
    const { cluster, settings } = context;
    const mode = settings["encapsulation"];
    const upstream = readManifest(fetchedText(fetched, manifestOf(context).path));
    return changed(upstream, { kind: "DaemonSet", name: "calico-node" }, (daemonSet) =>
      withContainer(daemonSet, "calico-node", (container) =>
        withEnvironment(container, {
          CALICO_IPV4POOL_CIDR: cidr(cluster.kubernetes.podSubnet),
          CALICO_IPV4POOL_VXLAN: mode === "vxlan" ? "Always" : "Never",
          CALICO_IPV4POOL_IPIP: mode === "ipip" ? "Always" : "Never",
        }),
      ),
    );
  },
};

/** The project has a file of its own for VXLAN, which needs no BGP. */
function manifestOf({ settings }: AddOnContext): Artifact {
  const file = settings["encapsulation"] === "vxlan" ? "calico-vxlan.yaml" : "calico.yaml";
  return {
    path: `${layout.addons}/calico/upstream/${file}`,
    url: `https://raw.githubusercontent.com/projectcalico/calico/${settings["version"]}/manifests/${file}`,
    verify: { by: "first-use" },
  };
}
