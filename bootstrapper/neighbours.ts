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

/** Milliseconds that one reading serves: the page asks for all machines at once. */
const STAYS = 200;
let known: { readonly at: number; readonly table: readonly Neighbour[] } | undefined;

function table(): readonly Neighbour[] {
  const at = performance.now();
  if (!known || at - known.at > STAYS) known = { at, table: read() };
  return known.table;
}

function read(): readonly Neighbour[] {
  try {
    return parseArp(readFileSync("/proc/net/arp", "utf8"));
  } catch {
    return []; // not Linux: nobody is known, so nobody is given anything
  }
}

export const neighbourAt = (address: Ipv4): Mac | undefined => table().find((one) => one.address === address)?.mac;
export const addressOfNeighbour = (wanted: Mac): Ipv4 | undefined => table().find(({ mac }) => mac === wanted)?.address as Ipv4 | undefined;
