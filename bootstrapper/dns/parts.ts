/** What all that answers is made from, and what it knows of whoever asks. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import type { UdpPeer } from "../wire/udp.ts";
import type { Clients } from "./clients.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import type { LeaseWatch } from "./lease-watch.ts";
import type { Leases } from "./leases.ts";
import type { Query } from "./message.ts";
import { typeName } from "./numbers.ts";
import type { PacketCache } from "./packet-cache.ts";
import { type Reply, writeReply } from "./reply.ts";
import type { Serial } from "./serial.ts";
import type { Key } from "./tsig/tsig.ts";
import type { Keys } from "./tsig/verify.ts";
import type { Book } from "./update/book.ts";
import type { Source } from "./zone/lookup.ts";
import type { Zones } from "./zone/zones.ts";

/** Over TCP a copy of a zone is a row of messages. Undefined: silence. */
export type Answer = Buffer | Iterable<Buffer> | undefined;
export type Over = "udp" | "tcp";

/** What a description says, and what an operator may change while we serve. */
export interface Configuration {
  readonly zones: Zones;
  readonly keys: Keys;
  readonly upstream: readonly UdpPeer[];
  /** Where a server of a conditional forward listens. */
  at(server: Ipv4): UdpPeer;
}

export interface Parts {
  configuration(): Configuration;
  readonly leases: Leases;
  readonly watch: LeaseWatch;
  readonly serial: Serial;
  /** Machines whose API server answers. */
  serving(): ReadonlySet<Mac>;
  readonly book: Book;
  readonly forwarder: Forwarder;
  readonly clients: Clients;
  readonly packets: PacketCache;
  /** For cookies. */
  readonly secret: Uint8Array;
  readonly journal: Journal;
  /** Hears what anybody on the network can cause. */
  readonly complain: Journal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that never run backwards. */
  readonly clock: () => number;
}

export interface Client {
  readonly address: Ipv4;
  readonly over: Over;
  /** In our subnets, or on this host. */
  readonly ours: boolean;
  /** The key that signed the message. */
  readonly key?: Key;
  /** Bytes it takes. */
  readonly limit: number;
  /** What goes back to it, when it sent one. */
  readonly cookie?: Buffer;
  /** Its address is its own: it brought our cookie, or speaks TCP. */
  readonly genuine: boolean;
}

export const sourceOf = ({ configuration, leases, serial, serving }: Parts): Source => ({
  zones: configuration().zones,
  leases,
  serial: serial.current,
  serving: serving(),
});

/** What we hold has changed: the serial rises and no finished answer can be trusted. */
export function changed({ serial, packets }: Parts): void {
  serial.rise();
  packets.clear();
}

/** `explanation`: RFC 8914's number for `because`. */
export function written(parts: Parts, query: Query, reply: Reply, client: Client, because: string, explanation?: number): Buffer {
  const { upstream, zones } = parts.configuration();
  const { ours, limit, cookie } = client;
  const recursion = ours && (upstream.length > 0 || zones.forward.size > 0);
  return writeReply(query, reply, {
    recursion,
    limit,
    because,
    ...(explanation !== undefined && { explanation }),
    ...(cookie && { cookie }),
  });
}

export function complain(parts: Parts, { address }: Client, { opcode, type, name }: Query, because: string): void {
  const asked = opcode === 0 ? `asked for ${typeName(type)} of ${name || "."}` : `sent an update of ${name || "."}`;
  parts.complain({ from: "dns", level: "refused", text: `${address} ${asked}: ${because}` });
}
