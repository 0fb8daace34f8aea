/** What one zone says about one name and type: its tree first, then those whose leases give them a name. RFC 1034 §4.3.2 step 3, RFC 4592. */
import { dashed, type Mac, reverseName } from "../../../cluster/address.ts";
import { type Lease, type Leases, labelOf, leasedAddress } from "../leases.ts";
import { isWithin, nameWire, parent } from "../name.ts";
import { TYPES } from "../numbers.ts";
import { addressData, type Rr, type RrSet, soaData } from "../record.ts";
import { addressesOf, addressNamed } from "./reverse.ts";
import type { Node, Zone } from "./zone.ts";
import { NEGATIVE_TTL, TTL, type Zones } from "./zones.ts";

export type Found = (
  | { readonly is: "records"; readonly records: readonly Rr[]; readonly because: string }
  | { readonly is: "alias"; readonly record: Rr }
  /** Other servers have it. */
  | { readonly is: "delegated"; readonly servers: readonly Rr[]; readonly because: string }
  /** `exists`: the name is there, but holds nothing of that type. */
  | { readonly is: "nothing"; readonly exists: boolean; readonly because: string }
) & { readonly steady: boolean };

export interface Source {
  readonly zones: Zones;
  readonly leases: Leases;
  readonly serial: number;
  /** Machines whose API server answers; absent when nobody has looked. */
  readonly serving?: ReadonlySet<Mac>;
}

export function find(zone: Zone, name: string, type: number, source: Source): Found {
  const cut = zone.cut(name);
  if (cut !== undefined) {
    const servers = records(cut, TYPES.NS, zone.node(cut)!, source);
    return { is: "delegated", servers, because: `${cut} is in the hands of other servers`, steady: true };
  }
  const node = zone.node(name);
  if (node) return inNode(zone, name, type, node, source);
  const leased = leasedNode(zone, name, source);
  if (leased) return { ...inNode(zone, name, type, leased, source), steady: false };
  if (zone.exists(name)) return { is: "nothing", exists: true, because: `${name} only lies above other names`, steady: true };
  if (!zone.special && (addressesOf(name)?.prefix ?? 32) < 32)
    return { is: "nothing", exists: true, because: `${name} lies between a zone and its addresses`, steady: true };
  const isLeased = (other: string): boolean => leasedNode(zone, other, source) !== undefined;
  const covering = zone.wildcard(name, isLeased);
  if (covering) {
    const found = inNode(zone, name, type, covering, source);
    return { ...found, steady: found.steady && parent(name) !== source.zones.main.apex }; // a lease may take the name
  }
  const because = zone.special ? `names in ${zone.apex} are nobody's, and nobody is asked about them` : `nobody here is called ${name}`;
  return { is: "nothing", exists: false, because, steady: zone.special };
}

/** Whether the name is there without a wildcard's help. */
export const isKnown = (zone: Zone, name: string, source: Source): boolean =>
  zone.exists(name) || leasedNode(zone, name, source) !== undefined;

function inNode(zone: Zone, name: string, type: number, node: Node, source: Source): Found {
  const steady = node.hosts.every(({ address }) => address !== undefined);
  const alias = node.sets.get(TYPES.CNAME);
  if (alias && type !== TYPES.CNAME && type !== TYPES.ANY) {
    return { is: "alias", record: { name, type: TYPES.CNAME, ttl: alias.ttl, data: alias.data[0]! }, steady };
  }
  // RFC 8482 §4.1: ANY is answered with one kind of record.
  const wanted = type === TYPES.ANY ? kindOf(zone, name, node) : type;
  const isSoa = wanted === TYPES.SOA && name === zone.apex && !zone.special;
  if (isSoa) return { is: "records", records: [soaOf(zone, source)], because: `${name} is a zone`, steady: false }; // its serial tells of leases
  const found = records(name, wanted, node, source);
  if (found.length > 0) return { is: "records", records: found, because: `${name} holds it`, steady };
  const waits = type === TYPES.A && node.hosts.length > 0;
  return { is: "nothing", exists: true, because: waits ? `${name} has no address yet` : `${name} holds no such record`, steady };
}

const kindOf = (zone: Zone, name: string, node: Node): number =>
  name === zone.apex ? TYPES.SOA : node.hosts.length > 0 ? TYPES.A : ([...node.sets.keys()][0] ?? TYPES.A);

/** What a name of the zone's tree, or of a lease, holds of these types. */
export function recordsOf(zone: Zone, name: string, types: readonly number[], source: Source): readonly Rr[] {
  const node = zone.node(name) ?? leasedNode(zone, name, source);
  if (!node) return [];
  const apex = name === zone.apex && !zone.special;
  return types.flatMap((type) => (apex && type === TYPES.SOA ? [soaOf(zone, source)] : records(name, type, node, source)));
}

function records(name: string, type: number, node: Node, { leases, serving }: Source): readonly Rr[] {
  const set = node.sets.get(type);
  const held = (set?.data ?? []).map((data) => ({ name, type, ttl: set!.ttl, data }));
  if (type !== TYPES.A || node.hosts.length === 0) return held;
  const live = node.serving ? node.hosts.filter(({ mac }) => serving?.has(mac)) : node.hosts;
  const addresses = (live.length > 0 ? live : node.hosts).flatMap(({ mac, address = leases.addressOf(mac) }) =>
    address ? [addressData(address)] : [],
  );
  return [...addresses.map((data) => ({ name, type, ttl: TTL, data })), ...held];
}

/** Everything that a name holds. */
export function everything(zone: Zone, name: string, source: Source): readonly Rr[] {
  const node = zone.node(name) ?? leasedNode(zone, name, source);
  if (!node) return [];
  const apex = name === zone.apex ? [soaOf(zone, source)] : [];
  const types = new Set([...(node.hosts.length > 0 ? [TYPES.A] : []), ...node.sets.keys()]);
  return [...apex, ...[...types].flatMap((type) => records(name, type, node, source))];
}

/** A name that only a lease gives: a host name in the main zone, an address's in a reverse zone. */
function leasedNode(zone: Zone, name: string, { zones, leases }: Source): Node | undefined {
  if (zone === zones.main) {
    const label = name.slice(0, -zone.apex.length - 1);
    const address = name === zone.apex || label.includes(".") ? undefined : leasedAddress(label, leases);
    return address && node(TYPES.A, addressData(address));
  }
  const lease = zone.special ? undefined : leaseOf(name, { zones, leases });
  return lease && node(TYPES.PTR, nameWire(nameOf(lease, zones)));
}

function leaseOf(name: string, { zones, leases }: Pick<Source, "zones" | "leases">): Lease | undefined {
  const address = addressNamed(name, zones.subnets);
  return address && leases.leaseAt(address);
}

/** A lease's whole name: that of the machine, or the one it claims if that is nobody else's. */
export function nameOf(lease: Lease, { main, machines }: Pick<Zones, "main" | "machines">): string {
  return machines.get(lease.mac) ?? `${labelOf(lease, (label) => main.node(`${label}.${main.apex}`) !== undefined)}.${main.apex}`;
}

/** The names that leases add to a zone, as a copy of it lists them. */
export function leasedRecords(zone: Zone, source: Source): readonly Rr[] {
  const { zones, leases } = source;
  const spelled = (lease: Lease): readonly Rr[] => {
    const name = nameOf(lease, zones);
    if (zone !== zones.main) return [{ name: reverseName(lease.address), type: TYPES.PTR, ttl: TTL, data: nameWire(name) }];
    const names = new Set([`${dashed(lease.mac)}.${zone.apex}`, name]);
    return [...names].map((each) => ({ name: each, type: TYPES.A, ttl: TTL, data: addressData(lease.address) }));
  };
  const all = leases.all().flatMap(spelled);
  return all.filter(({ name }) => isWithin(name, zone.apex) && zone.covers(name) && !zone.node(name));
}

/** The SOA beside a negative answer holds as long as that does (RFC 2308 §3). */
export function soaOf(zone: Zone, { zones, serial }: Pick<Source, "zones" | "serial">, kind: "whole" | "negative" = "whole"): Rr {
  const fixed = zone.special ? zone.node(zone.apex)?.sets.get(TYPES.SOA) : undefined;
  if (fixed) return { name: zone.apex, type: TYPES.SOA, ttl: fixed.ttl, data: fixed.data[0]! };
  const data = soaData({ primary: zones.server, admin: `hostmaster.${zones.main.apex}`, serial, minimum: NEGATIVE_TTL });
  return { name: zone.apex, type: TYPES.SOA, ttl: kind === "negative" ? NEGATIVE_TTL : TTL, data };
}

const node = (type: number, data: Uint8Array): Node => ({ hosts: [], sets: new Map<number, RrSet>([[type, { ttl: TTL, data: [data] }]]) });
