/** nvidia-device-plugin: pods may ask for GPUs of nodes whose system has the driver and the container toolkit. */
import type { AddOn } from "../../../cluster/extension.ts";
import { GPU_LABEL } from "../../../cluster/kubernetes/addons.ts";
import { written } from "../written.ts";

export const nvidiaDevicePlugin: AddOn = {
  name: "nvidia-device-plugin",
  manifests: ({ settings }) =>
    written("nvidia-device-plugin/nvidia-device-plugin", {
      image: `nvcr.io/nvidia/k8s-device-plugin:${settings["version"]}`,
      nodes: { [GPU_LABEL]: "true" },
    }),
};
