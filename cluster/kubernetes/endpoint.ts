/** Where the cluster's API is, for everybody but the API servers themselves. */
import type { Cluster } from "../cluster.ts";

export const API_PORT = 6443;
/** haproxy's, on every control plane: it stands beside an API server that has taken the other. */
export const BALANCED_PORT = 6444;

export interface ApiEndpoint {
  /** A name, or an address in dotted form. */
  readonly host: string;
  readonly port: number;
}

/** The virtual address, which needs no DNS; without one, the name that is all control planes. */
export function apiEndpoint({ kubernetes: { virtualAddress }, dns, domain }: Pick<Cluster, "kubernetes" | "dns" | "domain">): ApiEndpoint {
  if (!virtualAddress) return { host: `${dns.api}.${domain}`, port: API_PORT };
  return { host: virtualAddress.address, port: virtualAddress.by === "keepalived" ? BALANCED_PORT : API_PORT };
}
