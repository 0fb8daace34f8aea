/** Where everything lies inside one DNS message, checked in a single pass before anything else may read it. RFC 1035 §4.1. */
import { WireError } from "../wire/error.ts";
import { LABEL_SIZE, NAME_SIZE } from "./name.ts";

export interface Survey {
  readonly id: number;
  readonly response: boolean;
  readonly truncated: boolean;
  readonly opcode: number;
  /** The header's four bits; EDNS may add to them. */
  readonly rcode: number;
  readonly question: Question;
  readonly records: readonly Place[];
}

export interface Question {
  readonly type: number;
  readonly class: number;
  /** Where it ends; it begins at HEADER_SIZE. */
  readonly end: number;
}

export interface Place {
  readonly section: "answer" | "authority" | "additional";
  readonly at: number;
  /** Its name is the root, as an OPT record's must be. */
  readonly root: boolean;
  readonly type: number;
  /** An OPT record's class is a size and its ttl are flags (RFC 6891 §6.1.2). */
  readonly class: number;
  readonly ttl: number;
  readonly ttlAt: number;
  readonly data: Uint8Array;
  readonly end: number;
}

export const HEADER_SIZE = 12;

const SECTIONS = ["answer", "authority", "additional"] as const;

/** Counts of the four sections, as the header claims them. Needs HEADER_SIZE bytes. */
export const counts = (bytes: Buffer): readonly [number, number, number, number] => [
  bytes.readUInt16BE(4),
  bytes.readUInt16BE(6),
  bytes.readUInt16BE(8),
  bytes.readUInt16BE(10),
];

/** Throws WireError unless there is one question and every section is as long as it says. Takes time in proportion to the bytes. */
export function survey(bytes: Buffer): Survey {
  if (bytes.length < HEADER_SIZE) throw new WireError("dns", `a message of ${bytes.length} bytes; its header alone has ${HEADER_SIZE}`);
  const [questions, ...others] = counts(bytes);
  if (questions !== 1) throw new WireError("dns", `${questions} questions; one can be answered`); // RFC 9619
  const question = questionAt(bytes);
  const records: Place[] = [];
  let at = question.end;
  for (const [index, count] of others.entries()) {
    for (let left = count; left > 0; left--) {
      const place = recordAt(bytes, at, SECTIONS[index]!);
      records.push(place);
      at = place.end;
    }
  }
  const flags = bytes.readUInt16BE(2);
  return {
    id: bytes.readUInt16BE(0),
    response: (flags & 0x8000) !== 0,
    truncated: (flags & 0x0200) !== 0,
    opcode: (flags >> 11) & 15,
    rcode: flags & 15,
    question,
    records,
  };
}

/** Nothing stands before the question that its name could point to, so it is written out (RFC 1035 §4.1.4). */
function questionAt(bytes: Buffer): Question {
  let at = HEADER_SIZE;
  for (let length = byteAt(bytes, at); length > 0; length = byteAt(bytes, at)) {
    if (length > LABEL_SIZE) throw new WireError("dns", `the question's name has a label of 0x${length.toString(16)}`);
    at += 1 + length;
  }
  at += 1;
  if (at - HEADER_SIZE > NAME_SIZE) throw new WireError("dns", `the question's name is longer than ${NAME_SIZE} bytes`);
  const rest = cut(bytes, at, 4);
  return { type: rest.readUInt16BE(0), class: rest.readUInt16BE(2), end: at + 4 };
}

function recordAt(bytes: Buffer, at: number, section: Place["section"]): Place {
  const fixed = nameEnd(bytes, at);
  const head = cut(bytes, fixed, 10);
  const data = cut(bytes, fixed + 10, head.readUInt16BE(8));
  return {
    section,
    at,
    root: bytes[at] === 0,
    type: head.readUInt16BE(0),
    class: head.readUInt16BE(2),
    ttl: head.readUInt32BE(4),
    ttlAt: fixed + 4,
    data,
    end: fixed + 10 + data.length,
  };
}

/** Where a name ends. A pointer may only lead back (RFC 1035 §4.1.4: "a prior occurrence"), so whoever follows it arrives. */
function nameEnd(bytes: Buffer, start: number): number {
  let at = start;
  for (let length = byteAt(bytes, at); length > 0; length = byteAt(bytes, at)) {
    if (length >= 0xc0) {
      const target = cut(bytes, at, 2).readUInt16BE(0) & 0x3fff;
      if (target < HEADER_SIZE || target >= start)
        throw new WireError("dns", `the name at ${start} points to ${target}, which is not before it`);
      return at + 2;
    }
    if (length > LABEL_SIZE) throw new WireError("dns", `the name at ${start} has a label of 0x${length.toString(16)}`);
    at += 1 + length;
    if (at - start >= NAME_SIZE) throw new WireError("dns", `the name at ${start} is longer than ${NAME_SIZE} bytes`);
  }
  return at + 1;
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new WireError("dns", `it ends inside the name at ${at}`);
  return byte;
}

function cut(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new WireError("dns", `${length} bytes at ${at} reach behind its end, ${bytes.length}`);
  return bytes.subarray(at, at + length);
}
