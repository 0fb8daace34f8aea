/** A machine that will run the Kubernetes control plane: it holds the cluster CA with its key, and nobody else does. */
import type { Role } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";

export const controlPlane: Role = {
  name: "control-plane",
  summary: "runs containerd and holds the cluster CA and its key, ready for kubeadm",
  pieces: () => ({
    files: [
      { path: "/etc/kubernetes/pki/ca.crt", mode: 0o644, content: { secret: { tls: layout.tls.clusterCa } } },
      { path: "/etc/kubernetes/pki/ca.key", mode: 0o600, content: { secret: { tls: layout.tls.clusterCaKey } } },
    ],
  }),
};
