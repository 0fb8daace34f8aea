/** What our DNS knows by itself: the machines of the description, whoever holds a lease, and the bootstrapper. */
import { dashed, type Ipv4, type Mac, type Subnet } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";

export interface Records {
  /** The zone we speak for: lower case, without a dot at either end. */
  readonly domain: string;
  /** Whose addresses' names we speak for. */
  readonly subnet: Subnet;
  /** Our own host name in the zone. */
  readonly server: string;
  /** By host name in lower case. A listed machine without an address has no entry in the list, but is there. */
  readonly names: ReadonlyMap<string, readonly Ipv4[]>;
  readonly addresses: ReadonlyMap<Ipv4, string>;
}

/** Who holds an address, with the host name that the client claims (DHCP option 12). */
export interface Lease {
  readonly mac: Mac;
  readonly address: Ipv4;
  readonly hostname?: string;
}

/**
 * The earlier sources win: no lease can take the name of the bootstrapper or of a listed machine, no claimed name that of another
 * MAC, and of two leases that claim one name the first in the list has it.
 */
export function recordsOf(
  { domain, network, machines }: Pick<Cluster, "domain" | "network" | "machines">,
  leases: readonly Lease[],
): Records {
  const names = new Map<string, readonly Ipv4[]>();
  const addresses = new Map<Ipv4, string>();
  const add = (name: string, held: Ipv4 | undefined): void => {
    if (!names.has(name)) names.set(name, held ? [held] : []);
    if (held && !addresses.has(held)) addresses.set(held, name);
  };
  const leased = new Map(leases.map(({ mac, address }) => [mac, address]));

  add(network.bootstrapperName.toLowerCase(), network.bootstrapper);
  for (const { name, mac, address = leased.get(mac) } of machines) {
    add(name.toLowerCase(), address);
    add(dashed(mac), address);
  }
  for (const { address, hostname = "" } of leases) {
    const name = claimed(hostname);
    if (name && !names.has(name)) add(name, address);
  }
  for (const { mac, address } of leases) add(dashed(mac), address);

  return {
    domain: domain.toLowerCase().replace(/^\.+|\.+$/g, ""),
    subnet: network.subnet,
    server: network.bootstrapperName.toLowerCase(),
    names,
    addresses,
  };
}

/** Names that programs trust without asking anybody: a machine that claims one would be handed their traffic. */
const RESERVED = new Set(["localhost", "wpad", "isatap"]);
/** 52-54-00-12-34-56 belongs to that MAC, whoever claims it. */
const MAC_NAME = /^([0-9a-f]{2}-){5}[0-9a-f]{2}$/;

/** The host name in what a client claims, if there is one: its first label, as RFC 1123 §2.1 allows it. */
function claimed(hostname: string): string | undefined {
  const label = hostname.split(".", 1)[0]!.toLowerCase();
  const plain = label.replaceAll("_", "-").replace(/^-+|-+$/g, "");
  if (!/^[a-z0-9-]{1,63}$/.test(plain) || RESERVED.has(plain) || MAC_NAME.test(plain)) return undefined;
  return plain;
}
