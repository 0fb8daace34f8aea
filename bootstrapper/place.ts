/** Where we serve from: our address and ports, and what follows from them. */
import { type Ipv4, type Mac, mac } from "../cluster/address.ts";
import type { Cluster, Network } from "../cluster/cluster.ts";
import type { Endpoints } from "../cluster/extension.ts";
import type { Ports } from "./settings.ts";

/** One IPv4 address of one interface. */
export interface Here {
  readonly interface: string;
  readonly address: string;
}

/** The Ethernet cards that machines boot through: the named ones, or those that have our address on one of the machines' networks. */
export function bootCards(
  { interfaces, bootstrapper, subnets }: Pick<Network, "interfaces" | "bootstrapper" | "subnets">,
  here: readonly (Here & { readonly mac: string; readonly internal: boolean })[],
): readonly { readonly interface: string; readonly mac: Mac }[] {
  const ours: readonly string[] = [bootstrapper, ...subnets.flatMap((subnet) => subnet.bootstrapper ?? [])];
  const chosen = here.filter(
    (one) => !one.internal && (interfaces.length > 0 ? interfaces.includes(one.interface) : ours.includes(one.address)),
  );
  return [...new Map(chosen.map((one) => [one.interface, mac(one.mac)]))].map(([name, address]) => ({ interface: name, mac: address }));
}

/** What to tell the operator; undefined when all is well. `field` is where the description names the address. */
export function addressMissing(address: Ipv4, here: readonly Here[], field = "network.bootstrapper"): string | undefined {
  if (interfaceOf(address, here) !== undefined) return undefined;
  const others = here.filter((one) => !one.address.startsWith("127."));
  const has = others.map((one) => `${one.address} (${one.interface})`).join(", ") || "no address but its loopback";
  const another = field === "network.bootstrapper" ? "name another with --address, " : "";
  return (
    `no interface of this host has ${address}, the bootstrapper's address; it has ${has}. ` +
    `Give it the address (ip addr add ${address}/PREFIX dev INTERFACE), ${another}or correct ${field} in cluster-desc.yml`
  );
}

/** Every host has all of 127.0.0.0/8 on its loopback (RFC 1122 §3.2.1.3). */
export function interfaceOf(address: Ipv4, here: readonly Here[]): string | undefined {
  const owner = here.find((one) => one.address === address);
  return owner ? owner.interface : address.startsWith("127.") ? "lo" : undefined;
}

/** The description as if it had been written for this address. */
export function servedFrom(cluster: Cluster, address: Ipv4): Cluster {
  const { bootstrapper, nameServers } = cluster.network;
  const ours = nameServers.map((server) => (server === bootstrapper ? address : server));
  return { ...cluster, network: { ...cluster.network, bootstrapper: address, nameServers: ours } };
}

export function endpoints(address: Ipv4, ports: Ports, ca: string): Endpoints {
  const suffix = (port: number, usual: number): string => (port === usual ? "" : `:${port}`);
  return { address, http: `http://${address}${suffix(ports.http, 80)}`, https: `https://${address}${suffix(ports.https, 443)}`, ca };
}

/** On another port than its own, DHCP answers to the next one, as dnsmasq's --dhcp-alternate-port does. */
export const dhcpBeside = (port: number) => ({ server: port, client: port + 1, relay: port, pxe: port + 2 });
