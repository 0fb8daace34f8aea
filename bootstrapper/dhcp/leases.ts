/**
 * The lease book: who has which address, and until when. RFC 2131 §2.2, §4.3.
 *
 * Unless the description says otherwise a machine is known by its MAC alone, reserved or not. While it boots, one network card speaks as firmware
 * (client-id: none, or its UUID), as iPXE (its MAC) and as an operating system (a DUID), and by RFC 2131 §2 each of them would get an
 * address of its own: install.sh would then ask for its secrets from another address than the one its boot script went to.
 * Client-ids are no better at telling machines apart: disks written from one image share theirs.
 */
import { cidr, contains, type Ipv4, type Mac } from "../../cluster/address.ts";
import { type Holder, inPool, openPool, type Pool, type PoolPlan, skipUsed } from "./pool.ts";

export interface Lease {
  readonly address: Ipv4;
  readonly mac: Mac;
  /** `offered` is held for a client that has not answered yet; `declined` means that a stranger uses the address. */
  readonly state: "offered" | "bound" | "released" | "declined";
  /** Milliseconds since 1970; absent for an infinite lease. From then on somebody else may have the address. */
  readonly endsAt?: number;
  /** A DNS label nobody else has. */
  readonly hostname?: string;
  /** Option 61, in hex. */
  readonly clientId?: string;
  /** What its relay said of where it is (option 82), in hex. */
  readonly relay?: string;
}

/** What the description says about addresses. */
export interface AddressPlan {
  /** One for each subnet; they do not overlap. */
  readonly pools: readonly PoolPlan[];
  /** Each is only valid in the subnet that it belongs to. */
  readonly reservations: ReadonlyMap<Mac, Ipv4>;
  /** Addresses in use that no machine may be given: the server's, the routers'. */
  readonly taken: readonly Ipv4[];
  /** What tells one client from another. */
  readonly leasesBy: "mac" | "client-id";
}

/** Read it through the functions below; `record` alone changes it. */
export interface Book {
  readonly plan: AddressPlan;
  /** Whose reservation an address is. */
  readonly reserved: ReadonlyMap<Ipv4, Mac>;
  readonly byAddress: Map<Ipv4, Lease>;
  /** The address each machine took last; in several subnets it may have several. */
  readonly byMac: Map<Mac, Ipv4>;
  readonly byName: Map<string, Ipv4>;
  /** In the order of the plan. */
  readonly pools: readonly Pool[];
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
    byAddress: new Map(),
    byMac: new Map(),
    byName: new Map(),
    pools: plan.pools.map((one) => openPool(one, [...plan.taken, ...plan.reservations.values()])),
  };
  for (const pool of book.pools) skipUsed(pool, book.byAddress);
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
  const pool = poolWith(book, address);
  if (!pool) return `${address} is in none of the networks that are described`;
  const own = reservationIn(book, pool, mac);
  if (own) return `${mac} now has ${own} reserved`;
  return inPool(pool, address) ? undefined : `${address} is in no range of ${cidr(pool.subnet)} any more`;
}

/** The pool of the subnet that an address belongs to. */
export const poolWith = ({ pools }: Book, address: Ipv4): Pool | undefined => pools.find(({ subnet }) => contains(subnet, address));

/** The address of that subnet that is reserved for a machine. */
export function reservationIn({ plan }: Book, { subnet }: Pool, mac: Mac): Ipv4 | undefined {
  const own = plan.reservations.get(mac);
  return own !== undefined && contains(subnet, own) ? own : undefined;
}

export const hasEnded = ({ endsAt = Infinity }: Lease, now: number): boolean => endsAt <= now;

/** Who an asker is in that subnet: by MAC where an address is reserved for it, because a client-id may be another machine's too. */
export const holderAt = (book: Book, pool: Pool, mac: Mac, clientId: string | undefined): Holder =>
  reservationIn(book, pool, mac) === undefined ? holderOf(book.plan, mac, clientId) : mac;

/** Who has a lease. */
export const holderOfLease = ({ plan, reserved }: Book, { address, mac, clientId }: Lease): Holder =>
  reserved.has(address) ? mac : holderOf(plan, mac, clientId);

/** `clientId` in hex. One that only repeats the MAC (RFC 2132 §9.14: type 1, Ethernet) tells nothing new: firmware often sends none, then that. */
function holderOf({ leasesBy }: AddressPlan, mac: Mac, clientId: string | undefined): Holder {
  if (leasesBy === "mac" || !clientId) return mac;
  return clientId === `01${mac.replaceAll(":", "")}` ? mac : clientId;
}

/** The lease or held offer that somebody has there, ended or not, as long as its address went to nobody else. */
export function leaseOf(book: Book, pool: Pool, holder: Holder): Lease | undefined {
  const address = pool.byHolder.get(holder);
  return address && book.byAddress.get(address);
}

/** How much of a pool may be in quarantine at once, so that no storm of DECLINEs can empty it. */
const QUARANTINED = 1 / 4;

/** Writes down what was decided: one lease for each address, one address for each holder and subnet. Its cost does not grow with the book. */
export function record(book: Book, lease: Lease, now: number): void {
  const { address, mac, state, hostname } = lease;
  const pool = poolWith(book, address);
  if (!pool) return;
  const holder = holderOfLease(book, lease);
  forget(book, pool, address);
  const former = state === "declined" ? undefined : pool.byHolder.get(holder);
  if (former !== undefined) {
    forget(book, pool, former);
    if (inPool(pool, former)) pool.ending.set(former, -Infinity); // free at once
  }
  book.byAddress.set(address, lease);
  if (inPool(pool, address)) pool.ending.set(address, lease.endsAt ?? Infinity);
  if (state === "declined") quarantine(book, pool, address, now);
  else pool.byHolder.set(holder, address);
  if (state === "bound") book.byMac.set(mac, address);
  if (hostname !== undefined) book.byName.set(hostname, address);
  skipUsed(pool, book.byAddress);
}

/** Only `ending` still knows the address. */
function forget(book: Book, pool: Pool, address: Ipv4): void {
  const lease = book.byAddress.get(address);
  if (!lease) return;
  const { mac, hostname } = lease;
  const holder = holderOfLease(book, lease);
  book.byAddress.delete(address);
  pool.declined.delete(address);
  if (pool.byHolder.get(holder) === address) pool.byHolder.delete(holder);
  if (book.byMac.get(mac) === address) book.byMac.delete(mac);
  if (hostname !== undefined && book.byName.get(hostname) === address) book.byName.delete(hostname);
}

function quarantine(book: Book, pool: Pool, address: Ipv4, now: number): void {
  pool.declined.add(address);
  if (pool.declined.size <= Math.max(1, pool.size * QUARANTINED)) return;
  const [oldest] = pool.declined as ReadonlySet<Ipv4>;
  pool.declined.delete(oldest!);
  book.byAddress.set(oldest!, { ...book.byAddress.get(oldest!)!, endsAt: now });
  if (inPool(pool, oldest!)) pool.ending.set(oldest!, now);
}
