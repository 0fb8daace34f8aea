/** Which of a client's options we accept, and what the transfer becomes by them. RFC 2347, 2348, 2349 and 7440. */
import type { Options } from "./packet.ts";

/** How a transfer goes: RFC 1350's way unless options said otherwise. */
export interface Terms {
  /** Bytes in every block but the last. */
  readonly blockSize: number;
  /** Blocks sent before an ACK is awaited. */
  readonly windowSize: number;
  /** Milliseconds before something is sent again, when the client chose them. */
  readonly timeout?: number;
}

export interface Agreement {
  readonly terms: Terms;
  /** What the OACK says, in the client's order. Empty: no OACK, the first block is the answer. */
  readonly accepted: Options;
}

/** What we can offer for one file over one network. */
export interface Offer {
  /** Bytes that will be sent. */
  readonly size: number;
  /** Largest IP packet that crosses the network in one piece. */
  readonly mtu: number;
}

export const WINDOW_LIMIT = 64;
/** IPv4 without options, UDP, and TFTP's own four bytes. A block in two fragments is lost when either is, and some firmware cannot join them. */
const HEADERS = 20 + 8 + 4;

const PLAIN: Terms = { blockSize: 512, windowSize: 1 };

interface Row {
  /** Values outside these are as if the option were unknown. */
  readonly least: number;
  readonly most: number;
  /** What the OACK says; undefined leaves the option out. */
  answer(value: number, offer: Offer): number | undefined;
  terms(answer: number): Partial<Terms>;
}

// biome-ignore format: a table
const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  // RFC 2348: the server may answer with less.
  ["blksize",    { least: 8, most: 65464, answer: (value, { mtu }) => Math.min(value, Math.max(8, mtu - HEADERS)), terms: (blockSize) => ({ blockSize }) }],
  // RFC 2349: the client's own value says nothing in a read. curl takes a size of 0 for an error.
  ["tsize",      { least: 0, most: Number.POSITIVE_INFINITY, answer: (_, { size }) => size || undefined, terms: () => ({}) }],
  // RFC 2349: accepted as it is or not at all.
  ["timeout",    { least: 1, most: 255, answer: (value) => value, terms: (seconds) => ({ timeout: seconds * 1000 }) }],
  // RFC 7440 §3: the server may answer with less.
  ["windowsize", { least: 1, most: 65535, answer: (value) => Math.min(value, WINDOW_LIMIT), terms: (windowSize) => ({ windowSize }) }],
]);

/** Unknown options and unusable values are left out of the OACK: the client goes on as if it had not asked (RFC 2347). */
export function negotiate(asked: Options, offer: Offer): Agreement {
  const accepted = new Map<string, string>();
  let terms = PLAIN;
  for (const [name, text] of asked) {
    const row = ROWS.get(name);
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!row || !(row.least <= value && value <= row.most)) continue;
    const answer = row.answer(value, offer);
    if (answer === undefined) continue;
    accepted.set(name, String(answer));
    terms = { ...terms, ...row.terms(answer) };
  }
  return { terms, accepted };
}
