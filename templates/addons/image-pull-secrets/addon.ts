/** image-pull-secrets: what pods show to a registry that wants a password, in each namespace that pulls from it. */
import type { AddOn } from "../../../cluster/extension.ts";
import { dockersName } from "../../../cluster/image-reference.ts";
import { NAMESPACES_OF_ALL } from "../../../cluster/kubernetes/manifest.ts";
import type { ImagePullSecret } from "../../../cluster/kubernetes/model.ts";

export const imagePullSecrets: AddOn = {
  name: "image-pull-secrets",
  manifests: ({ cluster: { kubernetes } }) => [
    ...namespacesOf(kubernetes.imagePullSecrets)
      .filter((name) => !NAMESPACES_OF_ALL.includes(name))
      .map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
    ...namespacesOf(kubernetes.imagePullSecrets).map((namespace) => ({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace },
      imagePullSecrets: kubernetes.imagePullSecrets.flatMap(({ name, namespaces }) => (namespaces.includes(namespace) ? [{ name }] : [])),
    })),
  ],
  secrets: ({ cluster: { kubernetes } }, find) =>
    kubernetes.imagePullSecrets.flatMap(({ name, registry, namespaces }) => {
      const config = JSON.stringify({ auths: { [dockersName(registry)]: { auth: find.login(registry) } } });
      return namespaces.map((namespace) => ({
        apiVersion: "v1",
        kind: "Secret",
        // A hash of this file is served; beside a password that somebody thought of stands one that nobody can guess.
        metadata: { name, namespace, annotations: { "sextant/salt": find.password("salt") } },
        type: "kubernetes.io/dockerconfigjson",
        data: { ".dockerconfigjson": Buffer.from(config).toString("base64") },
      }));
    }),
};

const namespacesOf = (secrets: readonly ImagePullSecret[]): readonly string[] => [
  ...new Set(secrets.flatMap(({ namespaces }) => namespaces)),
];
