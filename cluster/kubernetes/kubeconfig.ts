/** A kubeconfig: one cluster, one user, their certificates inside, so that the file needs nothing beside it. */
import { stringify } from "yaml";

export interface Access {
  /** The cluster's name. */
  readonly cluster: string;
  /** As the certificate calls them: "kubernetes-admin". */
  readonly user: string;
  /** "https://10.0.0.10:6443" */
  readonly server: string;
  /** PEM: of the cluster's CA; the user's certificate and key. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** The context has the name that kubeadm would give it. */
export function kubeconfig({ cluster, user, server, ca, certificate, key }: Access): string {
  const context = `${user}@${cluster}`;
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: cluster, cluster: { "certificate-authority-data": base64(ca), server } }],
      users: [{ name: user, user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) } }],
      contexts: [{ name: context, context: { cluster, user } }],
      "current-context": context,
    },
    { lineWidth: 0 },
  );
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
