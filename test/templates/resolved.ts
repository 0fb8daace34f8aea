/** A plan with its secrets looked up, as the bootstrapper does it, but with values a test can look for. */
import type { NodePlan, ResolvedFile, ResolvedPlan, Secret } from "../../cluster/plan.ts";

export function resolved(plan: NodePlan): ResolvedPlan {
  return { ...plan, files: plan.files.map(({ path, mode, content }): ResolvedFile => ({ path, mode, content: resolve(content) })) };
}

function resolve(content: NodePlan["files"][number]["content"]): ResolvedFile["content"] {
  if ("text" in content) return { bytes: bytes(content.text) };
  if ("secret" in content) return { bytes: bytes(`secret ${nameOf(content.secret)}\n`) };
  return { url: `http://10.0.0.1/static/${content.path}`, sha256: "c".repeat(64) };
}

const nameOf = (secret: Secret): string => ("tls" in secret ? secret.tls : secret.grant);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
