/** cert-manager, as its project publishes it, with an issuer that the appliance's CA stands behind. */
import type { AddOn, AddOnContext, Artifact } from "../../../cluster/extension.ts";
import { readManifest } from "../../../cluster/kubernetes/manifest.ts";
import { layout } from "../../../cluster/layout.ts";
import { CLUSTER_ISSUER } from "../ingress.ts";
import { fetchedText } from "../patch.ts";
import { written } from "../written.ts";

const SECRET = "sextant-issuer";

export const certManager: AddOn = {
  name: "cert-manager",
  artifacts: (context) => [manifestOf(context)],
  manifests: (context, fetched) => [
    ...readManifest(fetchedText(fetched, manifestOf(context).path)),
    ...written("cert-manager/issuer", { name: CLUSTER_ISSUER, secret: SECRET }),
  ],
  secrets({ cluster }, find) {
    const { certificate, key, ca } = find.issuer("issuer", [
      `${cluster.dns.ingress}.${cluster.domain}`,
      `svc.${cluster.kubernetes.dnsDomain}`,
      "svc",
    ]);
    return [
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: SECRET, namespace: "cert-manager" },
        type: "kubernetes.io/tls",
        stringData: { "tls.crt": certificate, "tls.key": key, "ca.crt": ca },
      },
    ];
  },
};

const manifestOf = ({ settings }: AddOnContext): Artifact => ({
  path: `${layout.addons}/cert-manager/upstream/cert-manager.yaml`,
  url: `https://github.com/cert-manager/cert-manager/releases/download/${settings["version"]}/cert-manager.yaml`,
  verify: { by: "first-use" },
});
