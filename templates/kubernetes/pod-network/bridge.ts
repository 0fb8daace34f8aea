/** Pods on a bridge of each node, and on every node a route to every other's pods: no image, no daemon in the cluster, machines in one network. */
import { cidr } from "../../../cluster/address.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import type { PlanPiece } from "../../../cluster/plan.ts";
import { render } from "../../render.ts";

export function podNetwork({ cluster, machine }: BootContext): PlanPiece {
  if (cluster.kubernetes.podNetwork !== "bridge") return {};
  const script = render("kubernetes/pod-network/pod-network.sh.eta", { name: machine.name, pods: cidr(cluster.kubernetes.podSubnet) });
  return {
    files: [{ path: "/opt/sextant/pod-network", mode: 0o755, content: { text: script } }],
    units: [
      {
        name: "sextant-pod-network.service",
        enabled: true,
        contents: render("kubernetes/pod-network/pod-network.service.eta", {}),
      },
    ],
  };
}
