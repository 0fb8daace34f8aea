/** Which interfaces DHCP is served on, and which of our addresses are theirs. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { Network } from "../../cluster/cluster.ts";
import { addressMissing, type Here, interfaceOf } from "../place.ts";

/** One interface on which broadcasts are heard. */
export interface Link {
  /** Absent: every interface, where the system cannot tell them apart. */
  readonly device?: string;
  /** Ours there: the server identifier for machines on this wire. */
  readonly address: Ipv4;
}

export interface Links {
  readonly links: readonly Link[];
  /** All of ours, the main one first: relays and renewing machines speak to them from anywhere. */
  readonly addresses: readonly Ipv4[];
}

export type Found = ({ readonly ok: true } & Links) | { readonly ok: false; readonly because: string };

type Described = Pick<Network, "bootstrapper" | "subnets" | "interfaces">;

/** `because` tells the operator what is missing, and the way out. */
export function linksOf(network: Described, here: readonly Here[]): Found {
  const { interfaces } = network;
  const addresses = ourAddresses(network);
  for (const { address, field } of addresses) {
    const missing = addressMissing(address, here, field);
    if (missing) return { ok: false, because: missing };
  }
  const owned = addresses.flatMap(({ address }) => {
    const device = interfaceOf(address, here);
    return device === undefined ? [] : [{ device, address }];
  });
  const stray = interfaces.find((name) => !owned.some(({ device }) => device === name));
  if (stray !== undefined) return { ok: false, because: withoutAddress(stray, network, here) };
  const wanted = interfaces.length > 0 ? interfaces : owned.map(({ device }) => device);
  const links = [...new Set(wanted)].map((name) => owned.find(({ device }) => device === name)!);
  return { ok: true, links, addresses: [...new Set(addresses.map(({ address }) => address))] };
}

/** For a system that cannot tell interfaces apart. */
export const everywhere = ({ bootstrapper }: Pick<Network, "bootstrapper">): Links => ({
  links: [{ address: bootstrapper }],
  addresses: [bootstrapper],
});

interface Ours {
  readonly address: Ipv4;
  /** Where the description says so. */
  readonly field: string;
}

function ourAddresses({ bootstrapper, subnets }: Described): readonly Ours[] {
  const further = subnets.flatMap(({ bootstrapper: address }, index) =>
    address ? [{ address, field: `network.subnets[${index}].bootstrapper` }] : [],
  );
  return [{ address: bootstrapper, field: "network.bootstrapper" }, ...further];
}

function withoutAddress(name: string, network: Described, here: readonly Here[]): string {
  const ours = ourAddresses(network).map(({ address }) => address);
  const owners = ours.map((address) => `${address} (${interfaceOf(address, here) ?? "no interface"})`).join(", ");
  return (
    `network.interfaces names ${name}, which has none of the bootstrapper's addresses: ${owners}. ` +
    `Give ${name} one of them, or correct network.interfaces in cluster-desc.yml`
  );
}
