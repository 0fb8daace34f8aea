/** Changes to bytes that find what parsers got wrong: lengths that lie, ends that come too soon, pieces that come twice. */
import { below, type Chance } from "../support/chance.ts";
import { LONGEST } from "./target.ts";

type Change = (bytes: Buffer, chance: Chance, others: readonly Uint8Array[]) => Buffer;

/** Where lengths, signs and pointers turn over. */
const EDGES = [0, 1, 2, 3, 4, 63, 64, 127, 128, 191, 192, 252, 253, 254, 255];
const WIDE_EDGES = [0, 1, 255, 256, 511, 512, 1023, 32767, 32768, 65534, 65535];

const place = (bytes: Buffer, chance: Chance): number => below(bytes.length, chance);
const piece = (bytes: Uint8Array, chance: Chance): Uint8Array => {
  const from = below(bytes.length, chance);
  return bytes.subarray(from, from + 1 + below(Math.min(64, bytes.length - from), chance));
};
const edited = (bytes: Buffer, edit: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  edit(copy);
  return copy;
};

/** One byte somewhere becomes another. */
const byte =
  (change: (before: number, chance: Chance) => number): Change =>
  (bytes, chance) =>
    edited(bytes, (copy) => {
      const at = place(copy, chance);
      copy[at] = change(copy[at] ?? 0, chance);
    });

const CHANGES: readonly Change[] = [
  byte((before, chance) => before ^ (1 << below(8, chance))),
  byte((_, chance) => below(256, chance)),
  byte((_, chance) => EDGES[below(EDGES.length, chance)]!),
  byte((before, chance) => before + (chance() < 0.5 ? 1 : -1)), // what a length is off by
  (bytes, chance) => {
    if (bytes.length < 2) return bytes;
    return edited(bytes, (copy) => void copy.writeUInt16BE(WIDE_EDGES[below(WIDE_EDGES.length, chance)]!, below(copy.length - 1, chance)));
  },
  (bytes, chance) => bytes.subarray(0, place(bytes, chance)),
  (bytes, chance) => without(bytes, place(bytes, chance), 1 + below(16, chance)),
  (bytes, chance) => inserted(bytes, place(bytes, chance), piece(bytes, chance)),
  (bytes, chance) => inserted(bytes, place(bytes, chance), Buffer.alloc(1 + below(300, chance), EDGES[below(EDGES.length, chance)]!)),
  (bytes, chance, others) => inserted(bytes, place(bytes, chance), piece(others[below(others.length, chance)]!, chance)),
  (bytes, chance, others) => {
    const other = others[below(others.length, chance)]!;
    return Buffer.concat([bytes.subarray(0, place(bytes, chance)), other.subarray(below(other.length, chance))]);
  },
  (bytes, chance, others) =>
    edited(bytes, (copy) => void copy.set(piece(others[below(others.length, chance)]!, chance).subarray(0, 1), place(copy, chance))),
];

/** One to eight changes. `others` are bytes to take pieces from; none of them may be empty. */
export function mutated(bytes: Uint8Array, chance: Chance, others: readonly Uint8Array[]): Buffer {
  let out = Buffer.from(bytes);
  for (let left = 1 + below(8, chance); left > 0; left--) {
    if (out.length === 0) out = Buffer.of(below(256, chance));
    out = Buffer.from(CHANGES[below(CHANGES.length, chance)]!(out, chance, others));
  }
  return out.subarray(0, LONGEST);
}

const without = (bytes: Buffer, at: number, length: number): Buffer => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
const inserted = (bytes: Buffer, at: number, piece: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
