/** A description's networks and DNS as the lab has them: one network, on an interface of its own and without a way out. */
import { broadcast, cidr, contains, fromNumber, type Ipv4, toNumber, within } from "../cluster/address.ts";
import type { Cluster, DhcpOption, DnsRecord } from "../cluster/cluster.ts";
import { formatRecord } from "../cluster/description/dns-record.ts";

export function networkIn({ network }: Cluster) {
  return {
    subnet: cidr(network.subnet),
    bootstrapper: network.bootstrapper,
    bootstrapperName: network.bootstrapperName,
    routers: network.routers,
    ...(network.ranges.length > 0 && { range: network.ranges.map(({ first, last }) => `${first}-${last}`) }),
    nameServers: network.nameServers,
    lease: time(network.lease),
    dhcp: "serve",
    ntp: network.ntp,
    leasesBy: network.leasesBy,
    routerAdvertisements: network.routerAdvertisements,
    options: raw(network.options),
  };
}

export const dnsIn = (cluster: Cluster) => ({
  records: cluster.dns.records.filter((record) => isHere(cluster, record)).map(formatRecord),
  keys: cluster.dns.keys,
  api: cluster.dns.api,
  ingress: cluster.dns.ingress,
});

/** Where machines of further networks are in the lab: at free addresses of the one network it has, from its end on. */
export function moved({ network, machines }: Cluster): ReadonlyMap<Ipv4, Ipv4> {
  const addresses = machines.flatMap(({ address }) => address ?? []);
  const taken = new Set([network.bootstrapper, ...network.routers, ...network.nameServers, ...addresses]);
  const isFree = (address: Ipv4) => !taken.has(address) && !network.ranges.some((range) => within(range, address));
  let next = toNumber(broadcast(network.subnet)) - 1;
  const places = new Map<Ipv4, Ipv4>();
  for (const address of addresses.filter((one) => !contains(network.subnet, one))) {
    while (!isFree(fromNumber(next))) next--;
    places.set(address, fromNumber(next--));
  }
  return places;
}

export function networkDifferences(cluster: Cluster): readonly string[] {
  const { network, dns, machines } = cluster;
  const elsewhere = moved(cluster);
  const movers = machines.filter(({ address }) => address && elsewhere.has(address));
  const lost = dns.records.filter((record) => !isHere(cluster, record));
  const asked = [...network.upstream, ...dns.forward.flatMap(({ servers }) => servers)];
  return [
    ...(network.subnets.length > 0
      ? [`${network.subnets.map(({ subnet }) => cidr(subnet)).join(", ")}: the lab has one network, ${cidr(network.subnet)}`]
      : []),
    ...movers.map(({ name, address }) => `${name} is at ${elsewhere.get(address!)} instead of ${address}`),
    ...(lost.length > 0 ? [`${lost.map(({ name }) => name).join(", ")}: the lab has no such network`] : []),
    ...(network.interfaces.length > 0 ? [`DHCP is served on the lab's own interface instead of ${network.interfaces.join(", ")}`] : []),
    ...(asked.length > 0 ? [`no name is asked of ${asked.join(", ")}: the lab has no way out`] : []),
  ];
}

/** As options are written by code. */
export const raw = (options: readonly DhcpOption[]) => Object.fromEntries(options.map(({ code, hex }) => [code, `hex:${hex}`]));

export const time = (seconds: number): string => (Number.isFinite(seconds) ? `${seconds}s` : "infinite");

/** A name of the domain, or the reverse name of an address that the lab has. */
function isHere({ network }: Cluster, { name }: DnsRecord): boolean {
  if (!name.endsWith(".in-addr.arpa")) return true;
  return contains(network.subnet, name.split(".").slice(0, 4).reverse().join(".") as Ipv4);
}
