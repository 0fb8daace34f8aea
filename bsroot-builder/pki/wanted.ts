/** Which certificates a cluster needs, and for how long: what the description says, nothing from disk. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import type { Alternatives, Name, Purpose } from "./certificate.ts";

export interface Authority {
  readonly certificate: string;
  readonly key: string;
  readonly subject: Name;
  readonly alternatives: Alternatives;
}

export interface Leaf {
  /** Paths inside bsroot. */
  readonly certificate: string;
  readonly key: string;
  readonly subject: Name;
  readonly purpose: Purpose;
  readonly alternatives: Alternatives;
}

const DAY = 24 * 60 * 60 * 1000;

/** Milliseconds. A machine whose clock is somewhat behind must not refuse us. */
export const BACKDATED = DAY;
export const CA_LIFE = 10 * 365 * DAY;
/**
 * An appliance without internet has nobody who renews it every year. 825 days is the longest that Apple's clients accept from a private CA, and
 * every build renews what has less than a third left.
 */
export const LEAF_LIFE = 825 * DAY;
export const RENEW_BEFORE = LEAF_LIFE / 3;

const NONE: Alternatives = { names: [], addresses: [] };

/** Signs the bootstrapper's and the machines' certificates; the server never needs its key. */
export const applianceCa = (cluster: Cluster): Authority => ({
  certificate: layout.tls.ca,
  key: layout.tls.caKey,
  subject: { commonName: "Sextant CA", organization: cluster.name },
  alternatives: NONE,
});

/** As kubeadm would make it, so that kubeadm takes it as its own. */
export const clusterCa = (): Authority => ({
  certificate: layout.tls.clusterCa,
  key: layout.tls.clusterCaKey,
  subject: { commonName: "kubernetes" },
  alternatives: { names: ["kubernetes"], addresses: [] },
});

export function leaves(cluster: Cluster): readonly Leaf[] {
  const { network, domain } = cluster;
  const bootstrapper: Leaf = {
    certificate: layout.tls.bootstrapper,
    key: layout.tls.bootstrapperKey,
    subject: { commonName: network.bootstrapperName },
    purpose: "server",
    alternatives: {
      names: [...namesOf(network.bootstrapperName, domain), "localhost"],
      addresses: [network.bootstrapper, ...network.subnets.flatMap(({ bootstrapper }) => bootstrapper ?? []), "127.0.0.1"],
    },
  };
  const machines = cluster.machines.map(
    ({ mac, name, address, roles }): Leaf => ({
      certificate: layout.tls.machine(mac),
      key: layout.tls.machineKey(mac),
      subject: { commonName: name },
      purpose: "server and client",
      alternatives: alternativesOf(cluster, name, address, roles.includes("control-plane")),
    }),
  );
  return [bootstrapper, ...machines];
}

/** Whoever asks for the API server is answered by any of the control planes. */
function alternativesOf({ domain, dns, kubernetes }: Cluster, name: string, address: Ipv4 | undefined, servesApi: boolean): Alternatives {
  const isAddress = (one: string) => /^[\d.]+$/.test(one);
  const api = servesApi ? [...namesOf(dns.api, domain), ...kubernetes.apiNames] : [];
  return {
    names: [...new Set([...namesOf(name, domain), ...api.filter((one) => !isAddress(one))])],
    addresses: [...new Set([...(address === undefined ? [] : [address]), ...api.filter(isAddress)])],
  };
}

const namesOf = (name: string, domain: string): readonly string[] => [name, `${name}.${domain}`];
