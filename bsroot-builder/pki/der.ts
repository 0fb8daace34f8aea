/** ASN.1 in DER, as far as certificates need it (ITU-T X.690 §8 and §10): written from values, and taken apart again. */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  utcTime: 0x17,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** What is context-specific, by its number: a value of its own kind, or one that others stand in. */
export const implicit = (number: number): number => 0x80 | number;
export const explicit = (number: number): number => 0xa0 | number;

export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(TAG.sequence, ...parts);

/** `bytes`: of a positive number, highest first. */
export const integer = (bytes: Uint8Array): Buffer => der(TAG.integer, (bytes[0] ?? 0) & 0x80 ? Buffer.of(0) : Buffer.of(), bytes);

export const bitString = (bytes: Uint8Array, unused = 0): Buffer => der(TAG.bits, Buffer.of(unused), bytes);

/** Flags by their position, 0 first; what follows the last one is not written (X.690 §11.2.2). */
export function flags(...positions: readonly number[]): Buffer {
  const last = Math.max(...positions);
  const bytes = Buffer.alloc((last >> 3) + 1);
  for (const at of positions) bytes[at >> 3]! |= 0x80 >> (at & 7);
  return bitString(bytes, 7 - (last & 7));
}

/** "2.5.29.14": seven bits in each byte, the first two numbers in one. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  return der(TAG.oid, ...[first * 40 + second, ...others].map(inSevens));
}

/** To the second; the encoding changes with the year 2050 (RFC 5280 §4.1.2.5). */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+|[-:T]/g, "");
  return digits < "2050" ? der(TAG.utcTime, Buffer.from(digits.slice(2))) : der(TAG.time, Buffer.from(digits));
}

/** What stands one after the other in `bytes`. Throws RangeError when that is no DER. */
export function elements(bytes: Uint8Array): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { start, length } = header(bytes, at);
    if (start + length > bytes.length) throw new RangeError("is cut short");
    found.push({ tag: bytes[at]!, whole: bytes.subarray(at, start + length), content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
export interface Element {
  readonly tag: number;
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

function header(bytes: Uint8Array, at: number): { readonly start: number; readonly length: number } {
  const first = bytes[at + 1] ?? 0;
  if (first < 0x80) return { start: at + 2, length: first };
  const start = at + 2 + (first & 0x7f);
  const length = bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return { start, length };
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = inBase(length, 256);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

const inSevens = (number: number): Buffer => {
  const groups = inBase(number, 128);
  return Buffer.from(groups.map((group, at) => (at === groups.length - 1 ? group : group | 0x80)));
};

/** Highest first. */
function inBase(number: number, base: number): readonly number[] {
  return number < base ? [number] : [...inBase(Math.floor(number / base), base), number % base];
}
