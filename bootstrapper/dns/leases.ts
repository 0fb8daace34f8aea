/** What DHCP knows and we tell: asked name by name, so that a lease costs nothing here until somebody asks for it. */
import { dashed, type Ipv4, type Mac } from "../../cluster/address.ts";

/** Who holds an address, with the host name that the client claims (DHCP option 12) and DHCP lets it have. */
export interface Lease {
  readonly mac: Mac;
  readonly address: Ipv4;
  /** A label in lower case. */
  readonly hostname?: string;
}

export interface Leases {
  /** Where the machine is that calls itself so. */
  addressNamed(hostname: string): Ipv4 | undefined;
  addressOf(mac: Mac): Ipv4 | undefined;
  leaseAt(address: Ipv4): Lease | undefined;
  all(): readonly Lease[];
}

/** Names that programs trust without asking anybody: a machine that claims one would be handed their traffic. */
const RESERVED = new Set(["localhost", "wpad", "isatap"]);
const LABEL = /^[a-z0-9-]{1,63}$/;
const MAC_NAME = /^([0-9a-f]{2}-){5}[0-9a-f]{2}$/;

/** Where the holder of a lease is that goes by `label`: 52-54-00-12-34-56 belongs to that MAC, whoever claims it. */
export function leasedAddress(label: string, leases: Leases): Ipv4 | undefined {
  if (MAC_NAME.test(label)) return leases.addressOf(label.replaceAll("-", ":") as Mac);
  return RESERVED.has(label) ? undefined : leases.addressNamed(label);
}

/** The label that a lease goes by. `taken` are names that belong to others. */
export function labelOf({ mac, hostname = "" }: Lease, taken: (label: string) => boolean): string {
  const believed = LABEL.test(hostname) && !RESERVED.has(hostname) && !MAC_NAME.test(hostname) && !taken(hostname);
  return believed ? hostname : dashed(mac);
}

/** The same of a list: of two leases that claim one name the first has it. */
export function leasesOf(list: readonly Lease[]): Leases {
  const reversed = [...list].reverse();
  const named = new Map(reversed.flatMap((lease) => (lease.hostname ? [[lease.hostname, lease.address] as const] : [])));
  const held = new Map(reversed.map((lease) => [lease.mac, lease.address]));
  const places = new Map(reversed.map((lease) => [lease.address, lease]));
  return {
    addressNamed: (hostname) => named.get(hostname),
    addressOf: (mac) => held.get(mac),
    leaseAt: (address) => places.get(address),
    all: () => list,
  };
}
