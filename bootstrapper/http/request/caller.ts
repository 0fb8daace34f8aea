/** Who is asking: the address at the other end of the socket, and the machine that holds it. Headers have no say in it. */
import { type Ipv4, ipv4, type Mac } from "../../../cluster/address.ts";
import { forbidden } from "../refusal.ts";
import type { Machines } from "../world.ts";

export interface Caller {
  /** As text for people; "an unknown address" when the socket is gone already. */
  readonly address: string;
  readonly mac?: Mac;
}

/** `remote`: socket.remoteAddress; an IPv4 client of a dual-stack socket appears as ::ffff:10.0.0.11 (RFC 4291 §2.5.5.2). */
export function callerOf(remote: string | undefined, machines: Pick<Machines, "holder">): Caller {
  const address = remote?.replace(/^::ffff:(?=\d+\.)/i, "") ?? "an unknown address";
  const known = asIpv4(address);
  const mac = known && machines.holder(known);
  return { address, ...(mac && { mac }) };
}

/** Throws a journaled Refusal unless the caller holds the lease of `mac`. `thing` begins the sentence: "the token of". */
export function requireLease(caller: Caller, mac: Mac, thing: string): void {
  if (caller.mac === mac) return;
  throw forbidden(
    {
      what: `${thing} ${mac} is not given to ${caller.address}`,
      because: caller.mac ? `that address is ${caller.mac}'s` : "that address holds no lease of ours",
      todo: "ask from that machine, with the address our DHCP gave it; if somebody else asked, look for them on this network",
    },
    mac,
  );
}

function asIpv4(text: string): Ipv4 | undefined {
  try {
    return ipv4(text);
  } catch {
    return undefined; // IPv6: our leases are IPv4 only
  }
}
