/** Headlamp: a web page that shows the cluster to whoever has a token for it. */
import type { AddOn } from "../../../cluster/extension.ts";
import { ingressFor } from "../ingress.ts";
import { written } from "../written.ts";

export const headlamp: AddOn = {
  name: "headlamp",
  manifests: ({ cluster, settings }) => [
    ...written("headlamp/headlamp", { image: `ghcr.io/headlamp-k8s/headlamp:${settings["version"]}` }),
    ...ingressFor({ name: "headlamp", namespace: "headlamp", host: settings["host"], service: "headlamp", port: "http" }, cluster),
  ],
};
