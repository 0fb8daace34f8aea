/** What the description says to every machine on the network, looked up once. */
import { broadcast, dashed, type Ipv4, type Mac, netmask } from "../../cluster/address.ts";
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import type { AddressPlan } from "./leases.ts";
import type { Options } from "./options.ts";

export interface Site {
  readonly server: Ipv4;
  readonly addresses: AddressPlan;
  readonly machines: ReadonlyMap<Mac, Machine>;
  /** Host names that only the description gives. */
  readonly names: ReadonlySet<string>;
  /** Whether a machine that is not listed gets a name too: its dashed MAC. */
  readonly namesStrangers: boolean;
  /** Seconds; Infinity for ever. */
  readonly lease: number;
  /** What a client may ask for, the same for all. */
  readonly options: Options;
}

export function siteOf({ network, machines, domain, unlisted }: Cluster, server: Ipv4): Site {
  const { subnet, routers, nameServers, ranges } = network;
  return {
    server,
    addresses: {
      subnet,
      ...(ranges[0] && { range: ranges[0] }),
      reservations: new Map(machines.flatMap(({ mac, address }) => (address ? [[mac, address] as const] : []))),
      taken: [server, network.bootstrapper, ...routers, ...nameServers],
    },
    machines: new Map(machines.map((machine) => [machine.mac, machine])),
    names: new Set([network.bootstrapperName, ...machines.map(({ name }) => name)]),
    namesStrangers: unlisted.become === "worker",
    lease: network.lease,
    options: {
      subnetMask: netmask(subnet.prefix),
      broadcastAddress: broadcast(subnet),
      nameServers: nameServers.length > 0 ? nameServers : [server],
      domain,
      ...(routers.length > 0 && { routers }),
      ...(network.ntp && { ntpServers: [server] }),
    },
  };
}

/** What we call a machine; undefined when we have no name for it. */
export function nameOf(site: Site, mac: Mac): string | undefined {
  return site.machines.get(mac)?.name ?? (site.namesStrangers ? dashed(mac) : undefined);
}
