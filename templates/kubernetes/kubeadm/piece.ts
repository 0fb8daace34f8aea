/** What lies below /etc/kubernetes/sextant for kubeadm and the API server that it starts. */
import type { BootContext } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import { type PlanPiece, textFile } from "../../../cluster/plan.ts";
import { AUDIT_POLICY, auditPolicy } from "./audit-policy.ts";
import { ENCRYPTION } from "./cluster-configuration.ts";
import { foundConfiguration, joinConfiguration, releaseOf } from "./configuration.ts";
import { patches } from "./patches.ts";

/** For machines whose release is known and exact. */
export function kubeadmPiece(context: BootContext): PlanPiece {
  const join = textFile("/etc/kubernetes/sextant/join.yaml", joinConfiguration(context), 0o600);
  if (!context.machine.roles.includes("control-plane")) return { files: [join] };
  return {
    files: [
      join,
      textFile("/etc/kubernetes/sextant/found.yaml", foundConfiguration(context), 0o600),
      ...patches(context, releaseOf(context).release),
      textFile(AUDIT_POLICY, auditPolicy(), 0o600),
      { path: ENCRYPTION, mode: 0o600, content: { secret: { tls: layout.tls.encryption } } },
    ],
  };
}
