/** Labels that a node is to have and its own kubelet may not set (admission plugin NodeRestriction). Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import type { Node } from "./objects.ts";

/** The name under which we own fields of the cluster's objects. */
export const MANAGER = "sextant";

/** `kubeadm` labels control planes itself. */
export function labelsOf({ roles, labels }: Pick<Machine, "roles" | "labels">): Readonly<Record<string, string>> {
  const ours = roles.filter((role) => role !== "control-plane" && role !== "etcd");
  return { ...Object.fromEntries(ours.map((role) => [`node-role.kubernetes.io/${role}`, ""])), ...labels };
}

/**
 * What to apply so that it has them, and no longer has those that we gave it before; undefined when it is so already. With its uid, so that a node
 * which is gone is not made again by this.
 */
export function labelPatch(machine: Pick<Machine, "roles" | "labels">, { metadata }: Node): object | undefined {
  const wanted = labelsOf(machine);
  const owned = ownedLabels(metadata);
  const right = Object.entries(wanted).every(([name, value]) => metadata.labels[name] === value && owned.has(name));
  if (right && owned.size === Object.keys(wanted).length) return undefined;
  return { apiVersion: "v1", kind: "Node", metadata: { name: metadata.name, uid: metadata.uid, labels: wanted } };
}

/** https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
function ownedLabels({ managedFields }: Node["metadata"]): ReadonlySet<string> {
  const own = managedFields.find(({ manager, operation }) => manager === MANAGER && operation === "Apply");
  const fields = own?.fieldsV1 as { readonly "f:metadata"?: { readonly "f:labels"?: Readonly<Record<string, unknown>> } } | undefined;
  const names = Object.keys(fields?.["f:metadata"]?.["f:labels"] ?? {});
  return new Set(names.flatMap((name) => (name.startsWith("f:") ? [name.slice(2)] : [])));
}
