/** Which address a machine is offered, and whether it may have the one it names. RFC 2131 §4.3.1, §4.3.2. */
import { cidr, contains, fromNumber, type Ipv4, type Mac, NOWHERE, toNumber } from "../../cluster/address.ts";
import { type Book, hasEnded, inPool, leaseOf } from "./leases.ts";

/** Whether `mac` may have `address` from the pool now. */
export function isFree(book: Book, address: Ipv4, mac: Mac, now: number): boolean {
  const lease = book.byAddress.get(address);
  if (!inPool(book, address)) return false;
  return lease === undefined || hasEnded(lease, now) || (lease.mac === mac && lease.state !== "declined");
}

export type Choice = { readonly address: Ipv4; readonly because: string } | { readonly address?: never; readonly because: string };

/** Which address to offer, and why; no address when there is none. RFC 2131 §4.3.1 gives the order. */
export function choose(book: Book, mac: Mac, wanted: Ipv4 | undefined, now: number): Choice {
  const reserved = book.plan.reservations.get(mac);
  if (reserved) return { address: reserved, because: "it is reserved for it" };
  const { range } = book.plan;
  if (!range) return { because: "no address is reserved for it, and the description has no network.range for others" };

  const earlier = leaseOf(book, mac);
  if (earlier) return { address: earlier.address, because: hasEnded(earlier, now) ? "it had it before" : "it has it" };
  if (wanted && isFree(book, wanted, mac, now)) return { address: wanted, because: "it asked for it and it is free" };
  if (book.fresh <= toNumber(range.last)) return { address: fromNumber(book.fresh), because: "nobody ever had it" };
  const oldest = book.ending.first();
  if (oldest && oldest.at <= now) return { address: oldest.key, because: "it has been unused the longest" };
  const wait =
    oldest && Number.isFinite(oldest.at) ? `the next one comes free in ${Math.ceil((oldest.at - now) / 1000)} s` : "none will come free";
  return {
    because: `all ${book.ending.size} addresses of network.range ${range.first}-${range.last} are taken and ${wait}; widen network.range`,
  };
}

/** Why a machine may not have an address. `ours`: we know that it may not; otherwise it may be another server's to say. */
export interface Objection {
  readonly because: string;
  readonly ours: boolean;
}

/** Why `mac` may not have `wanted`; undefined when it may. */
export function objection(book: Book, wanted: Ipv4, mac: Mac, now: number): Objection | undefined {
  const { plan } = book;
  const ours = (because: string): Objection => ({ because, ours: true });
  const reserved = plan.reservations.get(mac);
  if (reserved) return reserved === wanted ? undefined : ours(`${wanted} is not the address reserved for it, ${reserved}`);
  if (!contains(plan.subnet, wanted)) return ours(`${wanted} is not in ${cidr(plan.subnet)}`);
  if (book.reserved.has(wanted)) return ours(`${wanted} is reserved for ${book.reserved.get(wanted)}`);

  const earlier = leaseOf(book, mac);
  if (earlier && earlier.address !== wanted && !hasEnded(earlier, now)) return ours(`it has ${earlier.address}, not ${wanted}`);
  if (isFree(book, wanted, mac, now)) return undefined;
  const lease = book.byAddress.get(wanted);
  if (lease) return ours(lease.state === "declined" ? `${wanted} is in quarantine` : `${lease.mac} has ${wanted}`);
  return { because: `${wanted} is not in network.range`, ours: earlier !== undefined };
}

/** Whether `mac` may be called `hostname`: nobody else whose lease runs is. */
export function nameIsFree(book: Book, hostname: string, mac: Mac, now: number): boolean {
  const lease = book.byAddress.get(book.byName.get(hostname) ?? NOWHERE);
  return lease === undefined || lease.mac === mac || lease.state !== "bound" || hasEnded(lease, now);
}
