/** kube-prometheus: the chart kube-prometheus-stack with values for a cluster that kubeadm made and that has no internet. */
import type { AddOn, AddOnContext } from "../../../cluster/extension.ts";
import { type KubeObject, readManifest } from "../../../cluster/kubernetes/manifest.ts";
import { layout } from "../../../cluster/layout.ts";
import { ingressFor } from "../ingress.ts";
import { fetchedText } from "../patch.ts";

const NAMESPACE = "monitoring";
const ADMIN = "grafana-admin";
const FULL_NAME = "kube-prometheus";

export const kubePrometheus: AddOn = {
  name: "kube-prometheus",
  artifacts: (context) => [
    {
      path: archiveOf(context),
      url: `https://github.com/prometheus-community/helm-charts/releases/download/${chartOf(context)}/${chartOf(context)}.tgz`,
      verify: { by: "first-use" },
    },
  ],
  chart: (context) => ({ archive: archiveOf(context), release: "kube-prometheus", namespace: NAMESPACE, values: valuesOf(context) }),
  manifests: (context, fetched) => [
    MAY_SEE_NODES,
    ...readManifest(fetchedText(fetched, archiveOf(context))),
    ...ingressFor({ name: "grafana", namespace: NAMESPACE, service: "kube-prometheus-grafana", port: "http-web" }, context.cluster),
  ],
  // Its operator makes these, and waits with them until it has seen the objects they follow from.
  workloads: () => [
    { kind: "StatefulSet", namespace: NAMESPACE, name: `prometheus-${FULL_NAME}-prometheus` },
    { kind: "StatefulSet", namespace: NAMESPACE, name: `alertmanager-${FULL_NAME}-alertmanager` },
  ],
  secrets: (_, find) => [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: ADMIN, namespace: NAMESPACE },
      type: "Opaque",
      stringData: { "admin-user": "admin", "admin-password": find.password("grafana-password") },
    },
  ],
};

const chartOf = ({ settings }: AddOnContext): string => `kube-prometheus-stack-${settings["version"]}`;
const archiveOf = (context: AddOnContext): string => `${layout.addons}/kube-prometheus/upstream/${chartOf(context)}.tgz`;

/** The node exporter looks at the whole node. */
const MAY_SEE_NODES: KubeObject = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
};

/** kubeadm lets these listen on their own node alone, so that nobody could measure them. */
const UNREACHABLE = ["kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy"];

function valuesOf({ settings }: AddOnContext) {
  const { retention, storage } = settings;
  const claim = { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } } };
  return {
    fullnameOverride: FULL_NAME,
    ...Object.fromEntries(UNREACHABLE.map((part) => [part, { enabled: false }])),
    // Its webhooks want a certificate that two jobs would make once and never renew.
    prometheusOperator: { admissionWebhooks: { enabled: false }, tls: { enabled: false } },
    prometheus: { prometheusSpec: { retention, ...(storage && { storageSpec: { volumeClaimTemplate: claim } }) } },
    grafana: {
      admin: { existingSecret: ADMIN, userKey: "admin-user", passwordKey: "admin-password" },
      "grafana.ini": {
        analytics: { reporting_enabled: false, check_for_updates: false, check_for_plugin_updates: false },
        news: { news_feed_enabled: false },
        security: { disable_gravatar: true },
      },
    },
  };
}
