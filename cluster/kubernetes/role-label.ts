/** The label by which a Node of the cluster says that it has a role: `kubectl get nodes` shows these. */
import type { RoleName } from "../cluster.ts";

/** Its value is empty. */
export const roleLabel = (role: RoleName): string => `node-role.kubernetes.io/${role}`;
