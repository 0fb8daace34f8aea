/** A node that takes orders: a new release of Kubernetes, leaving the cluster, being installed again. */
import { dashed } from "../../../cluster/address.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import type { PlanPiece } from "../../../cluster/plan.ts";
import { render } from "../../render.ts";

export function orders({ cluster, machine, server }: BootContext): PlanPiece {
  const values = { https: server.https, mac: dashed(machine.mac), ignored: cluster.kubernetes.ignoredChecks.join(",") };
  return {
    files: [{ path: "/opt/sextant/orders", mode: 0o755, content: { text: render("kubernetes/orders/orders.sh.eta", values) } }],
    units: [{ name: "sextant-orders.service", enabled: true, contents: render("kubernetes/orders/orders.service.eta", {}) }],
  };
}
