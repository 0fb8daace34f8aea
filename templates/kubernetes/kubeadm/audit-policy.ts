/** What the API servers write down: who changed what, and who read secrets; never the content of a secret, and not the cluster's own hum. */
import { documents } from "../documents.ts";

export const AUDIT_POLICY = "/etc/kubernetes/sextant/audit-policy.yaml";
/** A folder. */
export const AUDIT_LOG = "/var/log/kubernetes/audit";

const READS = ["get", "list", "watch"];
const CONTROLLERS = ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"];

/** The first rule that fits decides (kubernetes.io, "Auditing"). */
const RULES = [
  { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*", "/metrics"] },
  {
    level: "None",
    resources: [
      { group: "coordination.k8s.io", resources: ["leases"] },
      { group: "", resources: ["events"] },
    ],
  },
  { level: "None", resources: [{ group: "events.k8s.io", resources: ["events"] }] },
  { level: "None", users: CONTROLLERS, verbs: READS },
  { level: "None", userGroups: ["system:nodes"], verbs: READS },
  { level: "None", userGroups: ["system:nodes"], resources: [{ group: "", resources: ["nodes/status", "pods/status"] }] },
  {
    level: "Metadata",
    resources: [
      { group: "", resources: ["secrets", "configmaps", "serviceaccounts/token"] },
      { group: "authentication.k8s.io", resources: ["tokenreviews"] },
    ],
  },
  { level: "Metadata", verbs: READS },
  { level: "Request" },
];

export const auditPolicy = (): string =>
  documents([{ apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"], rules: RULES }]);
