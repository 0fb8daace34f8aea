/** What lies below /etc/kubernetes/sextant for kubeadm and the API server that it starts. */
import type { BootContext } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import type { PlanFile, PlanPiece } from "../../../cluster/plan.ts";
import { AUDIT_POLICY, auditPolicy } from "./audit-policy.ts";
import { ENCRYPTION } from "./cluster-configuration.ts";
import { foundConfiguration, joinConfiguration } from "./configuration.ts";

/** For machines whose release is known and exact. */
export function kubeadmPiece(context: BootContext): PlanPiece {
  const join = text("/etc/kubernetes/sextant/join.yaml", joinConfiguration(context));
  if (!context.machine.roles.includes("control-plane")) return { files: [join] };
  return {
    files: [
      join,
      text("/etc/kubernetes/sextant/found.yaml", foundConfiguration(context)),
      text(AUDIT_POLICY, auditPolicy()),
      { path: ENCRYPTION, mode: 0o600, content: { secret: { tls: layout.tls.encryption } } },
    ],
  };
}

const text = (path: string, content: string): PlanFile => ({ path, mode: 0o600, content: { text: content } });
