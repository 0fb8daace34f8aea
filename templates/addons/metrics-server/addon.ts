/** metrics-server: what nodes and pods use. It asks only kubelets that show the certificate their machine came with. */
import type { Cluster } from "../../../cluster/cluster.ts";
import type { AddOn } from "../../../cluster/extension.ts";
import { written } from "../written.ts";

const CA = "sextant-ca";

export const metricsServer: AddOn = {
  name: "metrics-server",
  manifests: ({ cluster, settings }) =>
    written("metrics-server/metrics-server", {
      image: `registry.k8s.io/metrics-server/metrics-server:${settings["version"]}`,
      replicas: Number(settings["replicas"]),
      addresses: `--kubelet-preferred-address-types=${addressesOf(cluster)}`,
      ca: CA,
    }),
  secrets: (_, find) => [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: CA, namespace: "kube-system" },
      type: "Opaque",
      stringData: { "ca.crt": find.ca },
    },
  ],
};

/** A certificate names addresses only when they are reserved; all of them name the machine, which our DNS knows. */
const addressesOf = ({ machines }: Cluster): string =>
  machines.every(({ address }) => address !== undefined) ? "InternalIP,Hostname" : "Hostname,InternalIP";
