/** kube-router: routes between nodes over BGP, and network policies. */
import type { AddOn } from "../../../cluster/extension.ts";
import { written } from "../written.ts";

export const kubeRouter: AddOn = {
  name: "kube-router",
  manifests: ({ settings }) =>
    written("kube-router/kube-router", {
      image: `docker.io/cloudnativelabs/kube-router:${settings["version"]}`,
      cni: `${JSON.stringify(CNI, null, 2)}\n`,
    }),
};

const CNI = {
  cniVersion: "0.3.0",
  name: "mynet",
  plugins: [
    { name: "kubernetes", type: "bridge", bridge: "kube-bridge", isDefaultGateway: true, hairpinMode: true, ipam: { type: "host-local" } },
    { type: "portmap", capabilities: { snat: true, portMappings: true } },
  ],
};
