/** Addresses that come back: released, declined by who was to have them, or found in use by somebody else. RFC 2131 §4.3.3, §4.3.4. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import { type Decision, ignore, type Situated, who } from "./decision.ts";
import { type Lease, leaseOf, reservationIn } from "./leases.ts";
import { namesAnother } from "./take.ts";

/** Milliseconds that an address rests after somebody was found to use it without having it from us. */
export const QUARANTINE = 600_000;

export function decline(situated: Situated): Decision {
  const { request, book, asker, now } = situated;
  const { mac, pool, holder } = asker;
  if (namesAnother(situated)) return ignore(`it declines ${request.options.serverId}'s offer`);
  const address = request.options.requestedAddress;
  const taken = `${address} is in use by a machine that did not get it from us: find it, and move it away`;
  if (address && reservationIn(book, pool, mac) === address)
    return { ...ignore(`${taken}; it stays reserved for ${who(situated)}`), level: "warning" };
  if (!address || leaseOf(book, pool, holder)?.address !== address)
    return ignore(`it declines ${address ?? "nothing"}, which it does not have`);
  return { ...ignore(`${taken}; ${RESTS}`), lease: { address, mac, state: "declined", endsAt: now + QUARANTINE }, level: "warning" };
}

export function release(situated: Situated): Decision {
  const { request, book, asker, now } = situated;
  const { clientAddress, options } = request;
  if (namesAnother(situated)) return ignore(`it releases ${options.serverId}'s lease`);
  const lease = leaseOf(book, asker.pool, asker.holder);
  if (lease?.address !== clientAddress || lease.state !== "bound") return ignore(`it releases ${clientAddress}, which it does not have`);
  return { ...ignore(`it gives ${clientAddress} back; a release gets no answer`), lease: { ...lease, state: "released", endsAt: now } };
}

/**
 * What the book shall say when a probe found that somebody uses an address we meant to offer to `asker`. `by` is all zero when only an echo came
 * back, through a relay. Undefined when it may be offered all the same.
 */
export function inUse(address: Ipv4, by: Mac, asker: Mac, now: number): { readonly lease: Lease; readonly because: string } | undefined {
  if (by === asker) return undefined; // it uses already what it asks for
  const user = by === "00:00:00:00:00:00" ? "a machine that answers for it" : by;
  return {
    lease: { address, mac: by, state: "declined", endsAt: now + QUARANTINE },
    because: `${address} is in use by ${user}, which did not get it from us: find it, and move it away; ${RESTS}`,
  };
}

const RESTS = `it rests for ${QUARANTINE / 60_000} minutes`;
