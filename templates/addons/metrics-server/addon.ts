/** metrics-server: what nodes and pods use. It asks only kubelets whose certificate the cluster's CA vouches for. */
import type { AddOn } from "../../../cluster/extension.ts";
import { written } from "../written.ts";

export const metricsServer: AddOn = {
  name: "metrics-server",
  manifests: ({ settings }) =>
    written("metrics-server/metrics-server", {
      image: `registry.k8s.io/metrics-server/metrics-server:${settings["version"]}`,
      replicas: Number(settings["replicas"]),
    }),
};
