/** What reached us, as values, read by dns2's Packet behind our own checks: any bytes become a query, a refusal or noise. */
import { Packet } from "dns2";
import { WireError } from "../wire/error.ts";
import { type Asked, RCODES, TYPES } from "./answer.ts";
import { writeReply } from "./reply.ts";
import { HEADER_SIZE, type Survey, survey } from "./survey.ts";

export interface Query extends Asked {
  readonly id: number;
  readonly checkingDisabled: boolean;
  readonly edns?: Edns;
  /** The question section as it came; it is echoed byte for byte, so the client's capitals stay. */
  readonly raw: Uint8Array;
}

/** RFC 6891 §6.1. */
export interface Edns {
  /** Bytes of UDP payload the client takes, within what we send. */
  readonly size: number;
  readonly dnssecOk: boolean;
}

export type Received =
  | { readonly got: "query"; readonly query: Query }
  /** It deserves an error, and no more. */
  | { readonly got: "refusal"; readonly reply: Uint8Array; readonly because: string }
  /** It deserves silence: an answer could start a quarrel between two servers. */
  | { readonly got: "noise"; readonly because: string };

/** RFC 1035 §4.2.1: all a client without EDNS takes over UDP. */
const PLAIN_SIZE = 512;
/** What crosses every network in one piece (dnsflagday.net/2020); also the most we are ready to take. */
export const EDNS_SIZE = 1232;
/** Nobody's question is longer: a name of 255 bytes and room for cookies and signatures. */
const QUERY_SIZE = 4096;
const RESPONSE = 0x80;

export function readQuery(raw: Uint8Array): Received {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (bytes.length < HEADER_SIZE) return noise(`a message of ${bytes.length} bytes`);
  if (bytes[2]! & RESPONSE) return noise("a response, sent as a query");
  if (bytes.length > QUERY_SIZE) return refusal(bytes, RCODES.formErr, `a query of ${bytes.length} bytes`);
  const opcode = (bytes[2]! >> 3) & 15;
  if (opcode !== 0) return refusal(bytes, RCODES.notImp, `opcode ${opcode} is not a query`);
  try {
    return understood(bytes, survey(bytes));
  } catch (error) {
    if (error instanceof WireError) return refusal(bytes, RCODES.formErr, error.message);
    throw error;
  }
}

function understood(bytes: Buffer, { question, records }: Survey): Received {
  // dns2 sees the header and the question, and nothing that a survey has not measured.
  const alone = Buffer.from(bytes.subarray(0, question.end)).fill(0, 6, HEADER_SIZE);
  const { header, questions } = Packet.parse(alone);
  const { type, class: class_ } = questions[0]!;
  const query: Query = {
    id: header.id,
    name: question.labels.map(spelled).join("."),
    type,
    class: class_,
    recursionDesired: header.rd === 1,
    checkingDisabled: (header as { cd?: number }).cd === 1,
    raw: alone.subarray(HEADER_SIZE),
  };
  const [opt, ...more] = records.filter((record) => record.type === TYPES.OPT);
  if (!opt) return { got: "query", query };
  if (more.length > 0 || opt.section !== "additional" || !opt.root || !wellFormed(opt.data)) {
    return refusal(bytes, RCODES.formErr, "its OPT record is malformed"); // RFC 6891 §6.1.1
  }
  const edns: Edns = { size: Math.min(Math.max(opt.class, PLAIN_SIZE), EDNS_SIZE), dnssecOk: (opt.ttl & 0x8000) !== 0 };
  const version = (opt.ttl >>> 16) & 255;
  if (version === 0) return { got: "query", query: { ...query, edns } };
  const reply = { rcode: RCODES.badVers, authoritative: false, answers: [], authorities: [] }; // RFC 6891 §6.1.3
  const written = writeReply({ ...query, edns }, reply, { recursion: false, limit: PLAIN_SIZE });
  return { got: "refusal", reply: written, because: `EDNS version ${version}` };
}

/** A label as RFC 4343 §2.1 writes it: what no host name has cannot be mistaken for one. */
function spelled(label: Uint8Array): string {
  return [...label]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`,
    )
    .join("");
}

/** RFC 6891 §6.1.2: options are code, length, data, up to the record's end. */
function wellFormed(options: Uint8Array): boolean {
  let at = 0;
  while (at + 4 <= options.length) at += 4 + ((options[at + 2]! << 8) | options[at + 3]!);
  return at === options.length;
}

const noise = (because: string): Received => ({ got: "noise", because });

/** The header alone: the rest may be what is wrong. */
function refusal(bytes: Buffer, rcode: number, because: string): Received {
  const reply = Buffer.alloc(HEADER_SIZE);
  reply.set(bytes.subarray(0, 2));
  reply[2] = RESPONSE | (bytes[2]! & 0x79); // opcode and RD as they were
  reply[3] = rcode;
  return { got: "refusal", reply, because };
}

/** The most that may go back to this client over UDP. */
export const udpLimit = ({ edns }: Query): number => edns?.size ?? PLAIN_SIZE;
