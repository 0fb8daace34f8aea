/** What the description says to every machine on the network, looked up once. */
import { broadcast, contains, dashed, type Ipv4, type Mac, netmask, type Range, type Subnet } from "../../cluster/address.ts";
import type { Cluster, Machine, Network } from "../../cluster/cluster.ts";
import { optionsFrom, over } from "./described.ts";
import type { AddressPlan } from "./leases.ts";
import type { Options } from "./options.ts";

export interface Site {
  /** Our main address. */
  readonly server: Ipv4;
  /** Every address of ours that a client may name as its server. */
  readonly servers: ReadonlySet<Ipv4>;
  /** The subnets; the first is the one we live in. */
  readonly segments: readonly [Segment, ...Segment[]];
  readonly addresses: AddressPlan;
  readonly machines: ReadonlyMap<Mac, Machine>;
  /** What only one machine is told. */
  readonly machineOptions: ReadonlyMap<Mac, Options>;
  /** Host names that only the description gives. */
  readonly names: ReadonlySet<string>;
  /** Whether a machine that is not listed gets a name too: its dashed MAC. */
  readonly namesStrangers: boolean;
  readonly domain: string;
}

/** One subnet, and what is said to the machines in it. */
export interface Segment {
  /** Its place among the segments, and of its pool among the book's. */
  readonly index: number;
  readonly subnet: Subnet;
  /** Our address there, or our main one when we have none: option 54, siaddr and URLs. */
  readonly server: Ipv4;
  /** Seconds; Infinity for ever. */
  readonly lease: number;
  /** What a client may ask for, the same for all. */
  readonly options: Options;
}

export function siteOf({ network, machines, domain, unlisted }: Cluster, server: Ipv4): Site {
  const described = describedSubnets(network, server);
  const segments = described.map((one, index) => segmentOf(one, index, network, domain, server));
  const ours = described.flatMap(({ bootstrapper }) => bootstrapper ?? []);
  return {
    server,
    servers: new Set([server, ...ours]),
    segments: segments as [Segment, ...Segment[]],
    addresses: {
      pools: described.map(({ subnet, ranges }) => ({ subnet, ranges })),
      reservations: new Map(machines.flatMap(({ mac, address }) => (address ? [[mac, address] as const] : []))),
      taken: [server, network.bootstrapper, ...ours, ...described.flatMap(({ routers, nameServers = [] }) => [...routers, ...nameServers])],
      leasesBy: network.leasesBy,
    },
    machines: new Map(machines.map((machine) => [machine.mac, machine])),
    machineOptions: new Map(machines.filter(({ options }) => options.length > 0).map(({ mac, options }) => [mac, optionsFrom(options)])),
    names: new Set([network.bootstrapperName, ...machines.map(({ name }) => name)]),
    namesStrangers: unlisted.become === "worker",
    domain,
  };
}

/** What we call a machine; undefined when we have no name for it. */
export function nameOf(site: Site, mac: Mac): string | undefined {
  return site.machines.get(mac)?.name ?? (site.namesStrangers ? dashed(mac) : undefined);
}

/** The subnet that an address belongs to. */
export const segmentWith = (site: Site, address: Ipv4): Segment | undefined =>
  site.segments.find(({ subnet }) => contains(subnet, address));

type Described = Omit<Network["subnets"][number], "options"> & { readonly ranges: readonly Range[]; readonly options: Options };

/** The main subnet as one among the others. */
function describedSubnets({ subnet, routers, ranges, nameServers, lease, subnets, options }: Network, server: Ipv4): readonly Described[] {
  const general = optionsFrom(options);
  return [
    { subnet, bootstrapper: server, routers, ranges, nameServers, lease, options: general },
    ...subnets.map((one) => ({ ...one, options: over(general, optionsFrom(one.options)) })),
  ];
}

function segmentOf(described: Described, index: number, network: Network, domain: string, main: Ipv4): Segment {
  const { subnet, bootstrapper: server = main, routers, lease = network.lease } = described;
  const nameServers = described.nameServers ?? network.nameServers;
  const options: Options = {
    subnetMask: netmask(subnet.prefix),
    broadcastAddress: broadcast(subnet),
    nameServers: nameServers.length > 0 ? nameServers : [server],
    domain,
    ...(routers.length > 0 && { routers }),
    ...(network.ntp && { ntpServers: [server] }),
  };
  return { index, subnet, server, lease, options: over(options, described.options) };
}
