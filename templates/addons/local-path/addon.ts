/** local-path: volumes that live and die with the disk of one node. */
import type { AddOn } from "../../../cluster/extension.ts";
import { type KubeObject, writeManifest } from "../../../cluster/kubernetes/manifest.ts";
import { isYes, written } from "../written.ts";

export const localPath: AddOn = {
  name: "local-path",
  manifests: ({ settings }) =>
    written("local-path/local-path", {
      image: `docker.io/rancher/local-path-provisioner:${settings["version"]}`,
      helperPod: writeManifest([helperPod(`docker.io/library/busybox:${settings["helper"]}`)]),
      config: `${JSON.stringify({ nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: [settings["folder"]] }] }, null, 2)}\n`,
      default: isYes(settings["default"]),
    }),
};

/** It must also come to nodes whose disk is getting full: that is where volumes are removed. */
const helperPod = (image: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "helper-pod" },
  spec: {
    priorityClassName: "system-node-critical",
    tolerations: [{ key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" }],
    containers: [{ name: "helper-pod", image, imagePullPolicy: "IfNotPresent" }],
  },
});
