/** What cannot be exchanged from here, why, and how it is done instead. */
import { layout } from "../../cluster/layout.ts";

const BY_HAND = "Kubernetes documents the way by hand (Manual Rotation of CA Certificates)";
const afterwards = (pair: string, leaves: string): string =>
  `afterwards put the new pair at ${pair} in the bsroot${leaves}, and build, so that machines installed from then on get it`;

/** By the names of `pki`: sentences, one for each line. Of etcd's CA where control planes keep etcd. */
export const NO_ROTATION: Readonly<Record<string, readonly string[]>> = {
  "kubernetes-ca": [
    "kubeadm makes with it, on each control plane, what API servers, schedulers, controller managers and kubelets show; a bsroot does not reach them",
    "ca.crt cannot hold the old and the new one at a time: kube-controller-manager signs with that file and stops when it finds two",
    `it lies as ca.crt in /etc/kubernetes/pki of every node, with ca.key on the control planes, and inside every kubeconfig; ${BY_HAND}`,
    afterwards(layout.tls.clusterCa, ", delete admin and super-admin (.crt and .key) beside it"),
  ],
  "front-proxy-ca": [
    "kubeadm makes front-proxy-client with it on each control plane; a bsroot does not reach them",
    `it lies as front-proxy-ca.crt and .key in /etc/kubernetes/pki of the control planes; ${BY_HAND}`,
    afterwards(layout.tls.frontProxyCa, ""),
  ],
  "etcd-ca": [
    "members of etcd and API servers believe one another by it, and have to be given both CAs before the first of them shows a certificate by the new one",
    "kubeadm makes those certificates on each control plane; a bsroot does not reach them",
    "it lies as etcd/ca.crt and etcd/ca.key in /etc/kubernetes/pki of the control planes",
    "by hand: the old and the new certificate into that file everywhere, restart; then the new certificates, restart; then the old one out of it",
    afterwards(layout.tls.etcdCa, ""),
  ],
  "service-account": [
    "every pod's token is signed with it; API servers must know the new public key before the first controller manager signs with the new private one",
    "it lies as sa.pub and sa.key in /etc/kubernetes/pki of the control planes",
    "by hand: both public keys into sa.pub everywhere, restart API servers; the new sa.key everywhere, restart controller managers; the old one out of sa.pub once no token by it is in use",
    afterwards(layout.tls.serviceAccountKey, " with its sa.pub"),
  ],
  encryption: [
    "Secrets stay encrypted with the key that wrote them until they are written again",
    "it lies on the control planes as the file behind --encryption-provider-config; Kubernetes documents the way by hand (Rotate a decryption key)",
    afterwards(layout.tls.encryption, ""),
  ],
};
