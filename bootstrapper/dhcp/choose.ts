/** Which address a machine is offered, and whether it may have the one it names. RFC 2131 §4.3.1, §4.3.2. */
import { cidr, contains, fromNumber, type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import { type Book, hasEnded, holderOfLease, type Lease, leaseOf, reservationIn } from "./leases.ts";
import { freshOf, type Holder, inPool, type Pool } from "./pool.ts";

/** Who asks, and in which subnet. */
export interface Asker {
  readonly mac: Mac;
  readonly holder: Holder;
  readonly pool: Pool;
}

/** Milliseconds that an offered address waits for its machine: a slow firmware's retries, not a whole boot. */
export const HELD = 30_000;
/** Milliseconds in which the network may still be asked about an address that was offered: who asks again meanwhile waits for the same answer. */
export const PROBED = 1000;

export const justOffered = ({ state, endsAt = 0 }: Lease, now: number): boolean => state === "offered" && endsAt > now + HELD - PROBED;

/** Whether the asker may have `address` from the pool now. */
export function isFree(book: Book, { holder, pool }: Asker, address: Ipv4, now: number): boolean {
  if (!inPool(pool, address)) return false;
  const lease = book.byAddress.get(address);
  if (lease === undefined || hasEnded(lease, now)) return true;
  return lease.state !== "declined" && holderOfLease(book, lease) === holder;
}

/** `strange`: the asker never had it from us, so somebody else may use it without our knowing. */
export type Choice =
  | { readonly address: Ipv4; readonly because: string; readonly strange: boolean }
  | { readonly address?: undefined; readonly because: string /** There are addresses for such as it. */; readonly exhausted: boolean };

/** Which address to offer, and why; no address when there is none. RFC 2131 §4.3.1 gives the order. */
export function choose(book: Book, asker: Asker, wanted: Ipv4 | undefined, now: number): Choice {
  const { mac, holder, pool } = asker;
  const known = (address: Ipv4, because: string): Choice => ({ address, because, strange: false });
  const reserved = reservationIn(book, pool, mac);
  if (reserved) return known(reserved, "it is reserved for it");
  const elsewhere = book.plan.reservations.get(mac);
  const choice = fromRanges(book, asker, wanted, now, leaseOf(book, pool, holder));
  return elsewhere
    ? { ...choice, because: `${elsewhere} is reserved for it, but not in ${cidr(pool.subnet)}, where it asks; ${choice.because}` }
    : choice;
}

function fromRanges(book: Book, asker: Asker, wanted: Ipv4 | undefined, now: number, earlier: ReturnType<typeof leaseOf>): Choice {
  const { pool } = asker;
  if (pool.size === 0)
    return {
      because: `no address is reserved for it, and the description has no range for others in ${cidr(pool.subnet)}`,
      exhausted: false,
    };
  if (earlier)
    return {
      address: earlier.address,
      because: hasEnded(earlier, now) ? "it had it before" : "it has it",
      strange: justOffered(earlier, now),
    };
  if (wanted && isFree(book, asker, wanted, now)) return { address: wanted, because: "it asked for it and it is free", strange: true };
  const fresh = freshOf(pool);
  if (fresh) return { address: fresh, because: "nobody ever had it", strange: true };
  const oldest = pool.ending.first();
  if (oldest && oldest.at <= now) return { address: oldest.key, because: "it has been unused the longest", strange: true };
  const wait =
    oldest && Number.isFinite(oldest.at) ? `the next one comes free in ${Math.ceil((oldest.at - now) / 1000)} s` : "none will come free";
  const ranges = pool.ranges.map(({ first, last }) => `${fromNumber(first)}-${fromNumber(last)}`).join(", ");
  return { because: `all ${pool.ending.size} addresses of the range ${ranges} are taken and ${wait}; widen the range`, exhausted: true };
}

/** Why a machine may not have an address. `ours`: we know that it may not; otherwise it may be another server's to say. */
export interface Objection {
  readonly because: string;
  readonly ours: boolean;
}

/** Why the asker may not have `wanted`; undefined when it may. */
export function objection(book: Book, asker: Asker, wanted: Ipv4, now: number): Objection | undefined {
  const { mac, holder, pool } = asker;
  const ours = (because: string): Objection => ({ because, ours: true });
  const reserved = reservationIn(book, pool, mac);
  if (reserved) return reserved === wanted ? undefined : ours(`${wanted} is not the address reserved for it, ${reserved}`);
  if (!contains(pool.subnet, wanted)) return ours(`${wanted} is not in ${cidr(pool.subnet)}`);
  const owner = book.reserved.get(wanted);
  if (owner) return ours(`${wanted} is reserved for ${owner}`);

  const earlier = leaseOf(book, pool, holder);
  if (earlier && earlier.address !== wanted && !hasEnded(earlier, now)) return ours(`it has ${earlier.address}, not ${wanted}`);
  if (isFree(book, asker, wanted, now)) return undefined;
  const lease = book.byAddress.get(wanted);
  if (lease) return ours(lease.state === "declined" ? `${wanted} is in quarantine` : `${lease.mac} has ${wanted}`);
  return { because: `${wanted} is in no range of ${cidr(pool.subnet)}`, ours: earlier !== undefined };
}

/** Whether the asker may be called `hostname`: nobody else whose lease runs is. */
export function nameIsFree(book: Book, hostname: string, holder: Holder, now: number): boolean {
  const lease = book.byAddress.get(book.byName.get(hostname) ?? NOWHERE);
  if (lease === undefined || lease.state !== "bound" || hasEnded(lease, now)) return true;
  return holderOfLease(book, lease) === holder;
}
