/** A node that takes orders: a new release of Kubernetes, leaving the cluster, being installed again, bringing etcd's data back to a snapshot. */
import { dashed } from "../../../cluster/address.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import type { PlanPiece } from "../../../cluster/plan.ts";
import { render } from "../../render.ts";

export function orders({ cluster, machine, server }: BootContext): PlanPiece {
  const asker = { https: server.https, mac: dashed(machine.mac) };
  const text = (name: string, values: object): string => render(`kubernetes/orders/${name}.eta`, values);
  const script = (path: string, content: string) => ({ path, mode: 0o755, content: { text: content } });
  const restores = machine.roles.includes("control-plane") || machine.roles.includes("etcd");
  return {
    files: [
      script("/opt/sextant/orders", text("orders.sh", { ...asker, ignored: cluster.kubernetes.ignoredChecks.join(",") })),
      ...(restores ? [script("/opt/sextant/restore", text("restore.sh", asker))] : []),
    ],
    units: [{ name: "sextant-orders.service", enabled: true, contents: text("orders.service", {}) }],
  };
}
