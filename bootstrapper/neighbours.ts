/** Who is at an address when the site's own DHCP server gives them: what the kernel learned from the machines themselves (arp(7)). */
import { readFileSync } from "node:fs";
import { type Ipv4, type Mac, mac } from "../cluster/address.ts";

export interface Neighbour {
  readonly address: string;
  readonly mac: Mac;
}

/** /proc/net/arp: address, hardware type, flags, hardware address, mask, device. Flag 2: it answered. */
export function parseArp(text: string): readonly Neighbour[] {
  return text.split("\n").flatMap((row) => {
    const [address = "", , flags = "", hardware = ""] = row.trim().split(/\s+/);
    const complete = (Number.parseInt(flags, 16) & 2) !== 0;
    return complete && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(hardware) ? [{ address, mac: mac(hardware) }] : [];
  });
}

export interface Neighbours {
  neighbourAt(address: Ipv4): Mac | undefined;
  addressOfNeighbour(wanted: Mac): Ipv4 | undefined;
}

/** Milliseconds that one reading serves: the page asks for all machines at once. */
const STAYS = 200;
/** Who is not in it may have come since, and is asking us now; then a reading must be this young. */
const FRESH = 1;

/** `now`: milliseconds on a clock that only goes forward. */
export function neighbours(read: () => readonly Neighbour[], now: () => number): Neighbours {
  let known: { readonly at: number; readonly table: readonly Neighbour[] } | undefined;
  function table(atMost: number): readonly Neighbour[] {
    const at = now();
    if (!known || at - known.at > atMost) known = { at, table: read() };
    return known.table;
  }
  return {
    neighbourAt: (address) => {
      const fits = (one: Neighbour): boolean => one.address === address;
      return (table(STAYS).find(fits) ?? table(FRESH).find(fits))?.mac;
    },
    addressOfNeighbour: (wanted) => table(STAYS).find(({ mac }) => mac === wanted)?.address as Ipv4 | undefined,
  };
}

export const { neighbourAt, addressOfNeighbour } = neighbours(readArp, () => performance.now());

function readArp(): readonly Neighbour[] {
  try {
    return parseArp(readFileSync("/proc/net/arp", "utf8"));
  } catch {
    return []; // not Linux: nobody is known, so nobody is given anything
  }
}
