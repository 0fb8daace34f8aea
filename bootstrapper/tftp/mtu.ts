/** How large a packet may be so that it reaches a client in one piece: a block in two fragments is lost when either is, and some firmware cannot join them. */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Ipv4, network, prefixOf } from "../../cluster/address.ts";

/** One IPv4 address of one of our interfaces. */
export interface Link {
  readonly address: Ipv4;
  readonly netmask: Ipv4;
  readonly mtu: number;
}

/** What every link on the way to somebody elsewhere can be expected to carry. */
const ETHERNET = 1500;

export function mtuTowards(peer: Ipv4, links: readonly Link[]): number {
  const direct = links
    .map((link) => ({ link, prefix: prefixOf(link.netmask) }))
    .filter(({ link, prefix }) => network(peer, prefix) === network(link.address, prefix))
    .sort((a, b) => b.prefix - a.prefix)[0];
  if (direct) return direct.link.mtu;
  const ways = links.filter(({ address }) => !address.startsWith("127."));
  return Math.min(ETHERNET, ...ways.map(({ mtu }) => mtu)); // behind a router, over an interface that we do not know
}

/** Milliseconds for which the host's interfaces are taken to be what they were. */
const STAY = 5000;

/** `mtuTowards` by the interfaces of this host. */
export function hostMtu(): (towards: Ipv4) => number {
  let read = { at: Number.NEGATIVE_INFINITY, links: [] as readonly Link[] };
  return (towards) => {
    const at = performance.now();
    if (at - read.at > STAY) read = { at, links: linksHere() };
    return mtuTowards(towards, read.links);
  };
}

const linksHere = (): readonly Link[] =>
  Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family }) => family === "IPv4")
      .map(({ address, netmask }) => ({ address: address as Ipv4, netmask: netmask as Ipv4, mtu: mtuOf(name) })),
  );

function mtuOf(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name.replace(/:.*/, "")}/mtu`, "utf8"));
  } catch {
    return ETHERNET; // not Linux, or the interface is gone
  }
}
