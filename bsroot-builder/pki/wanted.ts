/** Which certificates a cluster needs, and for how long: what the description says, nothing from disk. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { Cluster, KeyKind } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { fqdn } from "../../cluster/queries.ts";
import type { Alternatives, Name, Purpose } from "./certificate.ts";
import { clusterCa, kubernetesAuthorities, kubernetesLeaves } from "./wanted-kubernetes.ts";

/** Something below tls/ that an operator may ask for: a certificate and its key, by their paths inside bsroot. */
interface Held {
  /** As the commands of `pki` call it: "etcd-ca", "machine/cp-1". */
  readonly name: string;
  /** What it is for, in a few words. */
  readonly use: string;
  readonly certificate: string;
  readonly key: string;
  readonly subject: Name;
  readonly alternatives: Alternatives;
  /** Which kind of key a new one gets. */
  readonly keys: KeyKind;
}

export interface Authority extends Held {
  /** Every tls/ has had it since it is there; the others may be added to one. */
  readonly original: boolean;
  /** Present when everything it signs lies in the bsroot, so that a successor can be made believable to whoever knows only this one. */
  readonly succession?: Succession;
}

/** Where the CA before and its key are kept, and the new CA's key in a certificate by the one before. */
export interface Succession {
  readonly before: string;
  readonly beforeKey: string;
  readonly bridge: string;
}

export interface Leaf extends Held {
  readonly purpose: Purpose;
  readonly issuer: Authority;
  /** It lies on nodes, which get it when they are installed; otherwise only in the bsroot. */
  readonly onNodes: boolean;
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
/** When builds begin to speak of a CA: whoever must replace it needs time to reach every node. */
export const CA_ENDS_SOON = 365 * DAY;

export const NO_ALTERNATIVES: Alternatives = { names: [], addresses: [] };

/**
 * Signs the bootstrapper's and the machines' certificates; the server never needs its key. RSA whatever `kubernetes.certificates` says: firmware,
 * boot loaders and installers of every age read what the bootstrapper shows.
 */
export const applianceCa = (cluster: Cluster): Authority => ({
  name: "appliance-ca",
  use: "signs what the bootstrapper and the machines show",
  certificate: layout.tls.ca,
  key: layout.tls.caKey,
  subject: { commonName: "Sextant CA", organization: cluster.name },
  alternatives: NO_ALTERNATIVES,
  keys: "rsa",
  original: true,
  succession: { before: layout.tls.caBefore, beforeKey: layout.tls.caBeforeKey, bridge: layout.tls.caBridge },
});

export const authorities = (cluster: Cluster): readonly Authority[] => [
  applianceCa(cluster),
  clusterCa(cluster),
  ...kubernetesAuthorities(cluster),
];

export function leaves(cluster: Cluster): readonly Leaf[] {
  const { network, domain } = cluster;
  const issuer = applianceCa(cluster);
  const bootstrapper: Leaf = {
    name: "bootstrapper",
    use: "the bootstrapper's web page, API, registry and secrets",
    certificate: layout.tls.bootstrapper,
    key: layout.tls.bootstrapperKey,
    subject: { commonName: network.bootstrapperName },
    purpose: "server",
    alternatives: {
      names: [...namesOf(network.bootstrapperName, domain), "localhost"],
      addresses: [network.bootstrapper, ...network.subnets.flatMap(({ bootstrapper }) => bootstrapper ?? []), "127.0.0.1"],
    },
    keys: "rsa",
    issuer,
    onNodes: false,
  };
  const machines = cluster.machines.map(
    ({ mac, name, address, roles }): Leaf => ({
      name: `machine/${name}`,
      use: `who ${name} is`,
      certificate: layout.tls.machine(mac),
      key: layout.tls.machineKey(mac),
      subject: { commonName: name },
      purpose: "server and client",
      alternatives: alternativesOf(cluster, name, address, roles.includes("control-plane")),
      keys: "rsa",
      issuer,
      onNodes: true,
    }),
  );
  return [bootstrapper, ...machines, ...kubernetesLeaves(cluster)];
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

const namesOf = (name: string, domain: string): readonly string[] => [name, fqdn({ name }, { domain })];
