/** The OPT record: what two sides tell each other beside question and answer. RFC 6891, RFC 7873, RFC 8914. */
import { TYPES } from "./numbers.ts";

/** RFC 6891 §6.1. */
export interface Edns {
  /** Bytes of UDP payload the client takes, within what we send. */
  readonly size: number;
  readonly dnssecOk: boolean;
  /** RFC 7873 §4: the client's 8 bytes, and ours behind them if it has them. */
  readonly cookie?: Buffer;
}

/** RFC 1035 §4.2.1: all a client without EDNS takes over UDP. */
export const PLAIN_SIZE = 512;
/** What crosses every network in one piece (dnsflagday.net/2020); also the most we are ready to take. */
export const EDNS_SIZE = 1232;

const OPTIONS = { cookie: 10, explanation: 15 } as const;

/** Undefined: its options are malformed. `size`, `flags`: what stands where other records have class and TTL (RFC 6891 §6.1.2). */
export function readEdns(size: number, flags: number, options: Uint8Array): Edns | undefined {
  let cookie: Buffer | undefined;
  let at = 0;
  while (at + 4 <= options.length) {
    const code = (options[at]! << 8) | options[at + 1]!;
    const length = (options[at + 2]! << 8) | options[at + 3]!;
    const data = options.subarray(at + 4, at + 4 + length);
    if (code === OPTIONS.cookie && !cookie) {
      if (length !== 8 && (length < 16 || length > 40)) return undefined; // RFC 7873 §5.2.2
      cookie = Buffer.from(data);
    }
    at += 4 + length;
  }
  if (at !== options.length) return undefined;
  const clamped = Math.min(Math.max(size, PLAIN_SIZE), EDNS_SIZE);
  return { size: clamped, dnssecOk: (flags & 0x8000) !== 0, ...(cookie && { cookie }) };
}

export interface Opt {
  readonly dnssecOk: boolean;
  /** The code's bits above the header's four. */
  readonly extended?: number;
  readonly cookie?: Buffer;
  readonly explanation?: { readonly code: number; readonly text: string };
}

/** Characters of an explanation: it is read by people, and large answers serve attackers. */
const TEXT = 160;

export function optRecord({ dnssecOk, extended = 0, cookie, explanation }: Opt): Buffer {
  const options: Buffer[] = [];
  if (cookie) options.push(option(OPTIONS.cookie, cookie));
  if (explanation) {
    const text = Buffer.from(explanation.text.slice(0, TEXT));
    options.push(option(OPTIONS.explanation, Buffer.concat([Buffer.of(explanation.code >> 8, explanation.code & 255), text])));
  }
  const data = Buffer.concat(options);
  const flags = dnssecOk ? 0x80 : 0;
  const head = Buffer.of(0, 0, TYPES.OPT, EDNS_SIZE >> 8, EDNS_SIZE & 255, extended, 0, flags, 0, data.length >> 8, data.length & 255);
  return Buffer.concat([head, data]);
}

const option = (code: number, data: Buffer): Buffer =>
  Buffer.concat([Buffer.of(code >> 8, code & 255, data.length >> 8, data.length & 255), data]);
