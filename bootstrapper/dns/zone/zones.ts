/** All that the description says about names: our zones, whom to ask about others, and who belongs to us. */
import { contains, dashed, type Ipv4, ipv4, type Mac, reverseName, type Subnet } from "../../../cluster/address.ts";
import type { Cluster, DnsRecord, Machine } from "../../../cluster/cluster.ts";
import { isWithin, nameWire, parent } from "../name.ts";
import { TYPES } from "../numbers.ts";
import { dataOf, type RrSet } from "../record.ts";
import { classlessName, classlessZone, reverseZones } from "./reverse.ts";
import { specialZones } from "./special.ts";
import { EMPTY, type Host, type Node, Zone } from "./zone.ts";

/** What of a description the DNS is made from. */
export type Description = Pick<Cluster, "domain" | "network" | "machines" | "dns"> & {
  readonly kubernetes?: Pick<Cluster["kubernetes"], "virtualAddress">;
};

export interface Zones {
  /** The zone that machines are named in. */
  readonly main: Zone;
  /** Our own name. */
  readonly server: string;
  readonly subnets: readonly Subnet[];
  /** The names of machines of the description, for the addresses that their leases hold. */
  readonly machines: ReadonlyMap<Mac, string>;
  /** By apex. */
  readonly own: ReadonlyMap<string, Zone>;
  readonly special: ReadonlyMap<string, Zone>;
  readonly forward: ReadonlyMap<string, readonly Ipv4[]>;
}

/** Seconds. Short: addresses move with leases, and a machine that is not there yet will be in a moment. */
export const TTL = 60;
export const NEGATIVE_TTL = 10;

export function zonesOf({ domain, network, machines, dns, kubernetes }: Description): Zones {
  const apex = domain.toLowerCase().replace(/^\.+|\.+$/g, "");
  const whole = (label: string): string => `${label.toLowerCase()}.${apex}`;
  const server = whole(network.bootstrapperName);
  const subnets = [network.subnet, ...network.subnets.map(({ subnet }) => subnet)];
  const own = new Map<string, Zone>();
  const main = new Zone(apex);
  const classless = subnets.flatMap((subnet) => {
    const zone = classlessZone(subnet);
    return zone ? [{ subnet, zone }] : [];
  });
  for (const zone of [main, ...reverseZones(subnets), ...classless.map(({ zone }) => zone)]) open(own, zone, server);

  const addresses = [network.bootstrapper, ...network.subnets.flatMap(({ bootstrapper }) => (bootstrapper ? [bootstrapper] : []))];
  main.set("fixed", server, { sets: new Map([[TYPES.A, { ttl: TTL, data: addresses.map(bytesOf) }]]), hosts: [] });
  for (const address of addresses) nameAddress(own, classless, address, server);
  for (const { name, mac, address } of machines) {
    const host: Host = address ? { mac, address } : { mac };
    for (const each of [whole(name), whole(dashed(mac))])
      if (!main.fixed.has(each)) main.set("fixed", each, { sets: new Map(), hosts: [host] });
    if (address) nameAddress(own, classless, address, whole(name));
  }
  const group = (name: string, node: Omit<Node, "sets">): void => {
    if (!main.fixed.has(name)) main.set("fixed", name, { sets: new Map(), ...node });
  };
  const virtual = kubernetes?.virtualAddress?.address;
  if (virtual && !main.fixed.has(whole(dns.api)))
    main.set("fixed", whole(dns.api), { sets: new Map([[TYPES.A, { ttl: TTL, data: [bytesOf(virtual)] }]]), hosts: [] });
  group(whole(dns.api), { hosts: hostsIn("control-plane", machines), serving: true });
  const ingress = hostsIn("ingress", machines);
  group(`*.${whole(dns.ingress)}`, { hosts: ingress.length > 0 ? ingress : hostsIn("worker", machines) });

  for (const record of dns.records) addRecord(own, record, server);
  return {
    main,
    server,
    subnets,
    machines: new Map(machines.map(({ mac, name }) => [mac, whole(name)])),
    own,
    special: new Map(specialZones().map((zone) => [zone.apex, zone])),
    forward: new Map(dns.forward.map(({ zone, servers }) => [zone.toLowerCase().replace(/\.$/, ""), servers])),
  };
}

export type Place =
  | { readonly in: "zone"; readonly zone: Zone }
  | { readonly in: "forward"; readonly servers: readonly Ipv4[] }
  | { readonly in: "world" };

/** Whose a name is: the longest match has it, and of two as long ours comes first. */
export function placeOf(name: string, { own, special, forward }: Pick<Zones, "own" | "special" | "forward">): Place {
  for (let at: string | undefined = name; at !== undefined; at = parent(at)) {
    const zone = own.get(at);
    if (zone?.covers(name)) return { in: "zone", zone };
    const servers = forward.get(at);
    if (servers) return { in: "forward", servers };
    const nobodys = special.get(at);
    if (nobodys) return { in: "zone", zone: nobodys };
  }
  return { in: "world" };
}

/** Whether an address is in one of our subnets, or this host's own. */
export const isOurs = (address: Ipv4, { subnets }: Pick<Zones, "subnets">): boolean =>
  address.startsWith("127.") || subnets.some((subnet) => contains(subnet, address));

/** A zone has one name server: us. Its SOA is made when it is asked for, for its serial moves. */
function open(own: Map<string, Zone>, zone: Zone, server: string): Zone {
  own.set(zone.apex, zone);
  zone.set("fixed", zone.apex, { hosts: [], sets: new Map([[TYPES.NS, { ttl: TTL, data: [nameWire(server)] }]]) });
  return zone;
}

/** Addresses of one name: more would not fit the datagram of a client without EDNS. */
const GROUP = 24;

const hostsIn = (role: string, machines: readonly Machine[]): readonly Host[] =>
  machines
    .filter(({ roles }) => roles.some((one) => one === role))
    .slice(0, GROUP)
    .map(({ mac, address }) => (address ? { mac, address } : { mac }));

const bytesOf = (address: Ipv4): Buffer => Buffer.from(ipv4(address).split(".").map(Number));

type Classless = readonly { readonly subnet: Subnet; readonly zone: Zone }[];

/** The first name that an address has is the one it keeps. */
function nameAddress(own: ReadonlyMap<string, Zone>, classless: Classless, address: Ipv4, name: string): void {
  const pointer: Node = { hosts: [], sets: new Map([[TYPES.PTR, { ttl: TTL, data: [nameWire(name)] }]]) };
  const names = [
    reverseName(address),
    ...classless.filter(({ subnet }) => contains(subnet, address)).map(({ zone }) => classlessName(zone, address)),
  ];
  for (const each of names) {
    const zone = [...own.values()].find((one) => isWithin(each, one.apex) && one.covers(each));
    if (zone && !zone.node(each)) zone.set("fixed", each, pointer);
  }
}

/** A record of a name outside our zones makes a zone of that name alone: nobody else is asked about it. */
function addRecord(own: Map<string, Zone>, record: DnsRecord, server: string): void {
  const place = placeOf(record.name, { own, special: new Map(), forward: new Map() });
  const zone = place.in === "zone" ? place.zone : open(own, new Zone(record.name.replace(/^\*\./, "")), server);
  const type = TYPES[record.type];
  const node = zone.fixed.get(record.name) ?? EMPTY;
  // RFC 1034 §3.6.2: beside a CNAME there is nothing else.
  const alone = type === TYPES.CNAME ? node.sets.size + node.hosts.length > 0 : node.sets.has(TYPES.CNAME);
  if (alone) return;
  const before: RrSet = node.sets.get(type) ?? { ttl: record.ttl, data: [] };
  zone.set("fixed", record.name, {
    ...node,
    sets: new Map([...node.sets, [type, { ttl: record.ttl, data: [...before.data, dataOf(record)] }]]),
  });
}
