/** A machine that will run workloads: it can check the cluster's certificates and sign none. */
import type { Role } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import { isListed } from "../base/base.ts";

export const worker: Role = {
  name: "worker",
  summary: "runs pods, and knows the cluster CA's certificate",
  pieces: (context) => (isListed(context) ? { files: [clusterCa] } : {}),
};

const clusterCa = { path: "/etc/kubernetes/pki/ca.crt", mode: 0o644, content: { secret: { tls: layout.tls.clusterCa } } } as const;
