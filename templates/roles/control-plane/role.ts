/** A machine that runs the Kubernetes control plane: it holds the cluster's authorities with their keys, and nobody else does. */
import type { BootContext, Role } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import type { PlanFile } from "../../../cluster/plan.ts";
import { separateEtcd } from "../../../cluster/queries.ts";

export const controlPlane: Role = {
  name: "control-plane",
  summary: "runs the API server, and holds the cluster's CAs and their keys, from which kubeadm makes its certificates",
  pieces: (context) => ({ files: [...pair("ca", layout.tls.clusterCa, layout.tls.clusterCaKey), ...authorities(context)] }),
};

const { tls } = layout;

/** Where kubeadm looks for what it would otherwise make itself. */
function authorities({ cluster }: BootContext): readonly PlanFile[] {
  if (cluster.kubernetes.version === undefined) return [];
  const ownEtcd = separateEtcd(cluster).length === 0;
  return [
    ...pair("front-proxy-ca", tls.frontProxyCa, tls.frontProxyCaKey),
    secret("sa.pub", 0o644, tls.serviceAccount),
    secret("sa.key", 0o600, tls.serviceAccountKey),
    ...(ownEtcd
      ? pair("etcd/ca", tls.etcdCa, tls.etcdCaKey)
      : [secret("etcd/ca.crt", 0o644, tls.etcdCa), ...pair("apiserver-etcd-client", tls.etcdClient, tls.etcdClientKey)]),
  ];
}

const pair = (name: string, certificate: string, key: string): readonly PlanFile[] => [
  secret(`${name}.crt`, 0o644, certificate),
  secret(`${name}.key`, 0o600, key),
];
const secret = (name: string, mode: number, path: string): PlanFile => ({
  path: `/etc/kubernetes/pki/${name}`,
  mode,
  content: { secret: { tls: path } },
});
