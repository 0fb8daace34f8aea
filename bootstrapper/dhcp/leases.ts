/**
 * The lease book: who has which address, and until when. RFC 2131 §2.2, §4.3.
 *
 * A machine is known by its MAC alone, reserved or not. While it boots, one network card speaks as firmware (client-id:
 * none, or its UUID), as iPXE (its MAC) and as an operating system (a DUID), and by RFC 2131 §2 each of them would get an
 * address of its own: install.sh would then ask for its secrets from another address than the one its boot script went to.
 * Client-ids are no better at telling machines apart: disks written from one image share theirs. They are echoed, no more.
 */
import { broadcast, fromNumber, type Ipv4, type Mac, type Range, type Subnet, toNumber, within } from "../../cluster/address.ts";
import { Soonest } from "./soonest.ts";

export interface Lease {
  readonly address: Ipv4;
  readonly mac: Mac;
  /** `offered` is held for a client that has not answered yet; `declined` means that a stranger uses the address. */
  readonly state: "offered" | "bound" | "released" | "declined";
  /** Milliseconds since 1970; absent for an infinite lease. From then on somebody else may have the address. */
  readonly endsAt?: number;
  /** A DNS label nobody else has. */
  readonly hostname?: string;
}

/** What the description says about addresses. */
export interface AddressPlan {
  readonly subnet: Subnet;
  readonly reservations: ReadonlyMap<Mac, Ipv4>;
  /** Addresses for everybody else; absent: only reservations are given. */
  readonly range?: Range;
  /** Addresses in use that no machine may be given: the server's, the routers'. */
  readonly taken: readonly Ipv4[];
}

/** Read it through the functions below; `record` alone changes it. */
export interface Book {
  readonly plan: AddressPlan;
  /** Whose reservation an address is. */
  readonly reserved: ReadonlyMap<Ipv4, Mac>;
  /** Addresses of the range that are never given from it. */
  readonly excluded: ReadonlySet<Ipv4>;
  readonly byAddress: Map<Ipv4, Lease>;
  readonly byMac: Map<Mac, Ipv4>;
  readonly byName: Map<string, Ipv4>;
  /** Addresses of the range that were given once, by when they come free. */
  readonly ending: Soonest<Ipv4>;
  /** In the order declined. */
  readonly declined: Set<Ipv4>;
  /** The first address of the range that was never given, as a number. */
  fresh: number;
}

export interface Dropped {
  readonly lease: Lease;
  readonly because: string;
}

/** A book with the leases of the last run. Those that contradict the description are dropped: it is the newer word. */
export function openBook(plan: AddressPlan, leases: Iterable<Lease>): { readonly book: Book; readonly dropped: readonly Dropped[] } {
  const book: Book = {
    plan,
    reserved: new Map([...plan.reservations].map(([mac, address]) => [address, mac])),
    excluded: new Set([...plan.taken, ...plan.reservations.values(), plan.subnet.base, broadcast(plan.subnet)]),
    byAddress: new Map(),
    byMac: new Map(),
    byName: new Map(),
    ending: new Soonest(),
    declined: new Set(),
    fresh: plan.range ? toNumber(plan.range.first) : Infinity,
  };
  skipUsed(book);
  const dropped: Dropped[] = [];
  for (const lease of leases) {
    const because = contradiction(book, lease);
    if (because) dropped.push({ lease, because });
    else record(book, lease, -Infinity);
  }
  return { book, dropped };
}

function contradiction(book: Book, { address, mac }: Lease): string | undefined {
  const owner = book.reserved.get(address);
  if (owner) return owner === mac ? undefined : `${address} is now reserved for ${owner}`;
  const own = book.plan.reservations.get(mac);
  if (own) return `${mac} now has ${own} reserved`;
  return inPool(book, address) ? undefined : `${address} is no longer in network.range`;
}

/** Whether the pool may ever give this address. */
export const inPool = (book: Book, address: Ipv4): boolean =>
  book.plan.range !== undefined && within(book.plan.range, address) && !book.excluded.has(address);

export const hasEnded = ({ endsAt = Infinity }: Lease, now: number): boolean => endsAt <= now;

/** The lease or held offer of a machine, ended or not, as long as its address went to nobody else. */
export function leaseOf(book: Book, mac: Mac): Lease | undefined {
  const address = book.byMac.get(mac);
  return address && book.byAddress.get(address);
}

/** How much of the pool may be in quarantine at once, so that no storm of DECLINEs can empty it. */
const QUARANTINED = 1 / 4;

/** Writes down what was decided: one lease for each address, one address for each machine. */
export function record(book: Book, lease: Lease, now: number): void {
  forget(book, lease.address);
  const former = book.byMac.get(lease.mac);
  if (former !== undefined && lease.state !== "declined") forget(book, former);

  book.byAddress.set(lease.address, lease);
  if (inPool(book, lease.address)) book.ending.set(lease.address, lease.endsAt ?? Infinity);
  if (lease.state === "declined") quarantine(book, lease.address, now);
  else book.byMac.set(lease.mac, lease.address);
  if (lease.hostname !== undefined) book.byName.set(lease.hostname, lease.address);
  skipUsed(book);
}

/** The address stays known to `ending`, so that a machine that moved leaves an address that can be given again. */
function forget(book: Book, address: Ipv4): void {
  const lease = book.byAddress.get(address);
  if (!lease) return;
  book.byAddress.delete(address);
  book.declined.delete(address);
  if (inPool(book, address)) book.ending.set(address, -Infinity);
  if (book.byMac.get(lease.mac) === address) book.byMac.delete(lease.mac);
  if (lease.hostname !== undefined && book.byName.get(lease.hostname) === address) book.byName.delete(lease.hostname);
}

function quarantine(book: Book, address: Ipv4, now: number): void {
  book.declined.add(address);
  const { range } = book.plan;
  const size = range ? toNumber(range.last) - toNumber(range.first) + 1 : 0;
  if (book.declined.size <= Math.max(1, size * QUARANTINED)) return;
  const [oldest] = book.declined as ReadonlySet<Ipv4>;
  book.declined.delete(oldest!);
  book.byAddress.set(oldest!, { ...book.byAddress.get(oldest!)!, endsAt: now });
  book.ending.set(oldest!, now);
}

/** Every address is stepped over once, however often the book is asked. */
function skipUsed(book: Book): void {
  const last = book.plan.range ? toNumber(book.plan.range.last) : -1;
  while (book.fresh <= last) {
    const address = fromNumber(book.fresh);
    if (!book.excluded.has(address) && !book.byAddress.has(address)) return;
    book.fresh += 1;
  }
}
