/** The way in from outside for an add-on that has a web page: there when Traefik is, with a certificate when cert-manager is, and may. */
import type { Cluster } from "../../cluster/cluster.ts";
import type { KubeObject } from "../../cluster/kubernetes/manifest.ts";
import { written } from "./written.ts";

export interface Page {
  readonly name: string;
  readonly namespace: string;
  /** A whole name; absent: `<name>.<ingress>.<domain>`. */
  readonly host?: string | undefined;
  readonly service: string;
  /** The name of the service's port. */
  readonly port: string;
}

/** Of cert-manager, with our CA behind it. */
export const CLUSTER_ISSUER = "sextant";

export function ingressFor({ name, namespace, host, service, port }: Page, cluster: Cluster): readonly KubeObject[] {
  const has = (addOn: string): boolean => cluster.kubernetes.addons.some((one) => one.name === addOn);
  if (!has("traefik")) return [];
  const whole = host || `${name}.${cluster.dns.ingress}.${cluster.domain}`;
  // cert-manager's authority may speak for nothing else.
  const certified = has("cert-manager") && whole.endsWith(`.${cluster.dns.ingress}.${cluster.domain}`);
  return written("ingress", {
    name,
    namespace,
    host: whole,
    service,
    port,
    annotations: certified ? { "cert-manager.io/cluster-issuer": CLUSTER_ISSUER } : {},
    // Without a Secret it is served with a certificate that Traefik makes itself.
    tls: [{ hosts: [whole], ...(certified && { secretName: `${name}-tls` }) }],
  });
}
