/** Which objects are inside a namespace, and which namespace those are in that do not say so: helm leaves that to whoever applies them. */
import { isBlock, type KubeObject, NAMESPACES_OF_ALL } from "../../cluster/kubernetes/manifest.ts";

/** Of Kubernetes' own kinds those that are in no namespace, by API group. */
const CLUSTER_WIDE: Readonly<Record<string, readonly string[]>> = {
  "": ["Namespace", "Node", "PersistentVolume", "ComponentStatus"],
  "admissionregistration.k8s.io": [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
  ],
  "apiextensions.k8s.io": ["CustomResourceDefinition"],
  "apiregistration.k8s.io": ["APIService"],
  "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
  "flowcontrol.apiserver.k8s.io": ["FlowSchema", "PriorityLevelConfiguration"],
  "networking.k8s.io": ["IngressClass", "IPAddress", "ServiceCIDR"],
  "node.k8s.io": ["RuntimeClass"],
  policy: ["PodSecurityPolicy"],
  "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
  "resource.k8s.io": ["DeviceClass", "ResourceSlice"],
  "scheduling.k8s.io": ["PriorityClass"],
  "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
};

export const groupOf = (apiVersion: string): string => (apiVersion.includes("/") ? apiVersion.split("/")[0]! : "");

/** Kinds that these objects define themselves, cluster-wide ones. */
function definedClusterWide(objects: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(
    objects.flatMap(({ kind, spec }) => {
      if (kind !== "CustomResourceDefinition" || !isBlock(spec) || spec["scope"] !== "Cluster" || !isBlock(spec["names"])) return [];
      return [`${String(spec["group"])}/${String(spec["names"]["kind"])}`];
    }),
  );
}

/** The same objects, each one that is in a namespace saying in which. What is neither known nor defined here is taken to be in one. */
export function inNamespace(objects: readonly KubeObject[], namespace: string): readonly KubeObject[] {
  const defined = definedClusterWide(objects);
  return objects.map((object) => {
    const group = groupOf(object.apiVersion);
    if (CLUSTER_WIDE[group]?.includes(object.kind) || defined.has(`${group}/${object.kind}`)) return object;
    if (object.metadata.namespace !== undefined && object.metadata.namespace !== "") return object;
    return { ...object, metadata: { ...object.metadata, namespace } };
  });
}

/** With a Namespace for what is in one that nobody makes. */
export function withNamespace(objects: readonly KubeObject[], namespace: string): readonly KubeObject[] {
  const made = objects.some(({ kind, metadata }) => kind === "Namespace" && metadata.name === namespace);
  if (made || NAMESPACES_OF_ALL.includes(namespace)) return objects;
  return [{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }, ...objects];
}

/** Namespaces that objects are in and that neither every cluster has nor they make themselves. */
export function missingNamespaces(objects: readonly KubeObject[]): readonly string[] {
  const made = new Set([...NAMESPACES_OF_ALL, ...objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name)]);
  return [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))].filter((namespace) => !made.has(namespace));
}
