/** Our own answers as bytes; the question goes back exactly as it came. RFC 1035 §4, RFC 6891, RFC 8914. */
import { optRecord } from "./edns.ts";
import type { Query } from "./message.ts";
import { EXPLANATIONS, RCODES } from "./numbers.ts";
import type { Rr } from "./record.ts";
import { HEADER_SIZE } from "./survey.ts";
import { Writer } from "./writer.ts";

export interface Reply {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly Rr[];
  /** In a negative answer the zone's SOA, which says how long it holds (RFC 2308 §3). */
  readonly authorities: readonly Rr[];
  /** What the client would ask next; left out where there is no room. */
  readonly additionals: readonly Rr[];
}

export const NOTHING: Reply = { rcode: RCODES.noError, authoritative: false, answers: [], authorities: [], additionals: [] };

export interface Writing {
  /** We ask others too, and say so (RA). */
  readonly recursion: boolean;
  /** Bytes; beyond them the answer is left out and TC says so (RFC 2181 §9). */
  readonly limit: number;
  /** Why, for those who speak EDNS and can read it (RFC 8914). */
  readonly because?: string;
  /** RFC 8914's number for it. */
  readonly explanation?: number;
  readonly cookie?: Buffer;
}

export function writeReply(query: Query, reply: Reply, writing: Writing): Buffer {
  const { recursion, limit } = writing;
  const opt = query.edns ? optFor(query.edns.dnssecOk, reply, writing) : undefined;
  const room = limit - (opt?.length ?? 0);
  const writer = new Writer();
  writer.uint16(query.id);
  writer.uint16(0);
  writer.uint16(1);
  for (let left = 3; left > 0; left--) writer.uint16(0);
  writer.raw(query.raw);
  writer.knows(query.name, HEADER_SIZE);
  const bare = writer.length;

  for (const record of reply.answers) writer.record(record);
  for (const record of reply.authorities) writer.record(record);
  const truncated = writer.length > room;
  if (truncated) writer.cut(bare);
  const full = writer.length;
  for (const record of truncated ? [] : reply.additionals) writer.record(record);
  const shortened = writer.length > room;
  if (shortened) writer.cut(full);

  writer.setUint16(2, flags(query, reply, recursion, truncated));
  if (!truncated) {
    writer.setUint16(6, reply.answers.length);
    writer.setUint16(8, reply.authorities.length);
  }
  const additionals = truncated || shortened ? 0 : reply.additionals.length;
  writer.setUint16(10, additionals + (opt ? 1 : 0));
  if (opt) writer.raw(opt);
  return writer.done();
}

function flags({ opcode, recursionDesired, checkingDisabled }: Query, reply: Reply, recursion: boolean, truncated: boolean): number {
  return (
    0x8000 |
    (opcode << 11) |
    (reply.authoritative ? 0x0400 : 0) |
    (truncated ? 0x0200 : 0) |
    (recursionDesired ? 0x0100 : 0) |
    (recursion ? 0x0080 : 0) |
    (checkingDisabled ? 0x0010 : 0) |
    (reply.rcode & 15)
  );
}

function optFor(dnssecOk: boolean, { rcode }: Reply, { because, explanation, cookie }: Writing): Buffer {
  const explained = because && rcode !== RCODES.noError;
  return optRecord({
    dnssecOk,
    extended: rcode >> 4,
    ...(cookie && { cookie }),
    ...(explained && { explanation: { code: explanation ?? EXPLANATIONS.other, text: because } }),
  });
}
