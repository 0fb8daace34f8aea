/** A node that takes orders: a new release of Kubernetes, leaving the cluster, being installed again, bringing etcd's data back to a snapshot. */
import { dashed } from "../../../cluster/address.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import type { PlanPiece } from "../../../cluster/plan.ts";
import { render } from "../../render.ts";
import { deploysDns } from "../kubeadm/cluster-configuration.ts";

/** Where CoreDNS is to be none, kubeadm cannot say from which release of it an upgrade begins, and may not find its image. */
const WITHOUT_DNS = ["CoreDNSMigration", "CoreDNSUnsupportedPlugins", "ImagePull"];

export function orders({ cluster, machine, server }: BootContext): PlanPiece {
  const asker = { https: server.https, mac: dashed(machine.mac) };
  const text = (name: string, values: object): string => render(`kubernetes/orders/${name}.eta`, values);
  const script = (path: string, content: string) => ({ path, mode: 0o755, content: { text: content } });
  const dns = deploysDns(cluster);
  const ignored = [...(dns ? [] : WITHOUT_DNS), ...cluster.kubernetes.ignoredChecks].join(",");
  const restores = machine.roles.includes("control-plane") || machine.roles.includes("etcd");
  return {
    files: [
      script("/opt/sextant/orders", text("orders.sh", { ...asker, ignored, dns: dns ? "yes" : "no" })),
      ...(restores ? [script("/opt/sextant/restore", text("restore.sh", asker))] : []),
    ],
    units: [{ name: "sextant-orders.service", enabled: true, contents: text("orders.service", {}) }],
  };
}
