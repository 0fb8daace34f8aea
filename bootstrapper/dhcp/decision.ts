/** What every decision about a DHCP message is made from, and what it is. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { NextBoot } from "../machines/machine.ts";
import type { Asker } from "./choose.ts";
import type { Book, Lease } from "./leases.ts";
import type { Packet, Room } from "./packet.ts";
import type { Change } from "./quirks.ts";
import { type Destination, destination, roomOf } from "./reply.ts";
import type { Segment, Site } from "./site.ts";

/** All that an answer may depend on. Nothing here reads a clock, a socket or a file. */
export interface World {
  readonly site: Site;
  readonly book: Book;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Our own address on the interface where the packet was heard; absent: the one that the site is served from. */
  readonly heardOn?: Ipv4;
  nextBoot(mac: Mac): NextBoot;
  /** Whether the bsroot has a file, by its path in it. Absent: it has all. */
  hasFile?(path: string): boolean;
}

export type Decision = Verdict & {
  /** Goes into the book at once, and onto the disk before the reply leaves unless it is only `offered`. */
  readonly lease?: Lease;
  /** Before the reply leaves, ask the network whether somebody has this address; if so, see `inUse` and decide again. */
  readonly probe?: Ipv4;
  readonly because: string;
  readonly level?: "warning";
};
type Verdict = { readonly do: "reply"; readonly packet: Packet; readonly to: Destination; readonly room: Room } | { readonly do: "ignore" };

/** A request with what was found out about it first. */
export interface Situated extends Omit<World, "heardOn"> {
  readonly request: Packet;
  /** Where it is. */
  readonly segment: Segment;
  /** Who it is. */
  readonly asker: Asker;
  /** What it needs that others do not. */
  readonly quirks: Change;
  /** Option 61, in hex. */
  readonly clientId: string | undefined;
}

export const who = ({ site, request }: Pick<Situated, "site" | "request">): string =>
  site.machines.get(request.mac)?.name ?? "a machine that is not listed";
export const ignore = (because: string): Decision => ({ do: "ignore", because });
export const reply = (request: Packet, packet: Packet, because: string): Decision => ({
  do: "reply",
  packet,
  to: destination(packet),
  room: roomOf(request),
  because,
});
