/** An upstream server's response: whether it answers what we asked, how long it holds, and how it becomes our client's answer. */
import { WireError } from "../../wire/error.ts";
import { optRecord } from "../edns.ts";
import type { Query } from "../message.ts";
import { EXPLANATIONS, RCODES, TYPES } from "../numbers.ts";
import { HEADER_SIZE, type Place, type Survey, survey } from "../survey.ts";
import { likeness } from "./case.ts";

export interface Response {
  /** Without its OPT record, which is between it and us (RFC 6891 §6.1.1). */
  readonly bytes: Buffer;
  readonly rcode: number;
  readonly truncated: boolean;
  readonly ttlsAt: readonly number[];
  /** Seconds it may be kept; 0 for not at all. */
  readonly lifetime: number;
}

export interface Expected {
  readonly id: number;
  /** The question section that we sent. */
  readonly raw: Uint8Array;
}

export type Judged =
  | { readonly response: Response }
  /** `mangled`: all is right but the letters' case, which some servers do not repeat, and no forger can know. */
  | { readonly because: string; readonly mangled?: Response };

/** RFC 5452 §9.1: it must be a response, with our id and our question. Who sent it is for the caller to check. */
export function judge(raw: Uint8Array, { id, raw: question }: Expected): Judged {
  const bytes = Buffer.from(raw);
  try {
    const seen = survey(bytes);
    if (!seen.response || seen.opcode !== 0) return { because: "it is no response" };
    if (seen.id !== id) return { because: "its id is not the one we sent" };
    const alike = likeness(bytes.subarray(HEADER_SIZE, seen.question.end), question);
    if (alike === "different") return { because: "its question is not the one we sent" };
    if (alike === "other letters")
      return { because: "its question has other capitals than the one we sent", mangled: response(bytes, seen) };
    return { response: response(bytes, seen) };
  } catch (error) {
    if (error instanceof WireError) return { because: error.message };
    throw error;
  }
}

function response(bytes: Buffer, { question, records, rcode, truncated }: Survey): Response {
  const opt = records.findIndex(({ type }) => type === TYPES.OPT);
  if (opt >= 0 && records[opt]!.section !== "additional") throw new WireError("dns", "its OPT record is out of place"); // RFC 6891 §6.1.1
  const kept = opt < 0 ? records : records.slice(0, opt); // names behind it might point past it, and nobody needs them
  const copy = Buffer.from(bytes.subarray(0, kept.at(-1)?.end ?? question.end));
  copy.writeUInt16BE(kept.filter(({ section }) => section === "additional").length, 10);
  const extended = opt < 0 ? 0 : records[opt]!.ttl >>> 24;
  const full = (extended << 4) | rcode;
  return { bytes: copy, rcode: full, truncated, ttlsAt: kept.map(({ ttlAt }) => ttlAt), lifetime: truncated ? 0 : lifetime(full, kept) };
}

/** Seconds: positive answers for an hour at most, negative ones for five minutes. */
const LONGEST = 3600;
const LONGEST_NEGATIVE = 300;

function lifetime(rcode: number, records: readonly Place[]): number {
  const answers = records.some(({ section }) => section === "answer");
  if (rcode === RCODES.noError && answers) return Math.min(LONGEST, ...records.map(ttl));
  if (rcode !== RCODES.noError && rcode !== RCODES.nxDomain) return 0;
  // RFC 2308 §5: as long as the SOA says; without one, not at all.
  const soa = records.find(({ section, type, data }) => section === "authority" && type === TYPES.SOA && data.length >= 22);
  if (!soa) return 0;
  const minimum = Buffer.from(soa.data).readUInt32BE(soa.data.length - 4);
  return Math.min(LONGEST_NEGATIVE, minimum, ...records.map(ttl));
}

/** RFC 2181 §8: with the highest bit set it counts as 0. */
const ttl = (record: Place): number => (record.ttl > 0x7fffffff ? 0 : record.ttl);

/** Seconds that an answer which has run out is good for (RFC 8767 §4). */
const STALE_TTL = 30;

export interface Relaying {
  /** Seconds since the response came. */
  readonly age: number;
  readonly stale?: true | undefined;
  /** Bytes the client takes. */
  readonly limit: number;
  readonly cookie?: Buffer | undefined;
}

/** The client's answer: its id, its question as it wrote it, what is left of each TTL, and no more bytes than it takes. */
export function relay(query: Query, { bytes, rcode, truncated, ttlsAt }: Response, { age, stale, limit, cookie }: Relaying): Buffer {
  const explanation = stale && { code: EXPLANATIONS.stale, text: "no upstream server answers; this is what one said before" };
  const opt = query.edns
    ? optRecord({ dnssecOk: query.edns.dnssecOk, extended: rcode >> 4, ...(cookie && { cookie }), ...(explanation && { explanation }) })
    : Buffer.alloc(0);
  const cut = truncated || bytes.length + opt.length > limit;
  const out = Buffer.concat([cut ? bytes.subarray(0, HEADER_SIZE + query.raw.length) : bytes, opt]);
  out.writeUInt16BE(query.id, 0);
  out[2] = 0x80 | (cut ? 0x02 : 0) | (query.recursionDesired ? 0x01 : 0);
  out[3] = 0x80 | (query.checkingDisabled ? 0x10 : 0) | (rcode & 15);
  out.set(query.raw, HEADER_SIZE);
  if (cut) out.fill(0, 6, HEADER_SIZE);
  else for (const at of ttlsAt) out.writeUInt32BE(stale ? STALE_TTL : Math.max(0, out.readUInt32BE(at) - age), at);
  out.writeUInt16BE(out.readUInt16BE(10) + (query.edns ? 1 : 0), 10);
  return out;
}

/** What we send on: a question with our id, asking for recursion. EDNS only if the client has it: old servers refuse it. */
export function question({ edns, checkingDisabled }: Query, raw: Uint8Array, id: number): Uint8Array {
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt16BE(id, 0);
  header[2] = 0x01;
  header[3] = checkingDisabled ? 0x10 : 0;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(edns ? 1 : 0, 10);
  return Buffer.concat([header, raw, edns ? optRecord({ dnssecOk: edns.dnssecOk }) : Buffer.alloc(0)]);
}
