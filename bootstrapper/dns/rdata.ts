/**
 * What stands behind a record's type, as bytes without compression: checked when it comes from outside, compared, and shown.
 * One row says all about a type; a type without a row is bytes that we keep as they are (RFC 3597).
 */
import { WireError } from "../wire/error.ts";
import { nameText, readName } from "./name.ts";
import { TYPES } from "./numbers.ts";

interface Shape {
  /** Bytes in front of the names. */
  readonly before: number;
  readonly names: number;
  /** Bytes behind the names; "texts": at least one string, each behind its length. */
  readonly after: number | "texts";
  /** Its names may point to others (RFC 3597 §4: only in the types of RFC 1035). */
  readonly compressed?: true;
}

// biome-ignore format: a table
const SHAPES: ReadonlyMap<number, Shape> = new Map<number, Shape>([
  [TYPES.A,     { before: 4,  names: 0, after: 0 }],
  [TYPES.NS,    { before: 0,  names: 1, after: 0, compressed: true }],
  [TYPES.CNAME, { before: 0,  names: 1, after: 0, compressed: true }],
  [TYPES.SOA,   { before: 0,  names: 2, after: 20, compressed: true }],
  [TYPES.PTR,   { before: 0,  names: 1, after: 0, compressed: true }],
  [TYPES.MX,    { before: 2,  names: 1, after: 0, compressed: true }],
  [TYPES.TXT,   { before: 0,  names: 0, after: "texts" }],
  [TYPES.AAAA,  { before: 16, names: 0, after: 0 }],
  [TYPES.SRV,   { before: 6,  names: 1, after: 0 }], // RFC 2782: its target is never compressed
]);

/** The data of a record inside a message, its names' pointers followed. Throws WireError when it is not what its type says. */
export function readData(message: Uint8Array, type: number, at: number, length: number): Buffer {
  const data = Buffer.from(message.buffer, message.byteOffset + at, length);
  const shape = SHAPES.get(type);
  if (!shape) return Buffer.from(data);
  const wrong = (): WireError => new WireError("dns", `the data at ${at} is not that of a record of type ${type}`);
  if (length < shape.before) throw wrong();
  const parts: Uint8Array[] = [data.subarray(0, shape.before)];
  let end = at + shape.before;
  for (let left = shape.names; left > 0; left--) {
    const name = readName(message.subarray(0, at + length), end);
    parts.push(name.wire);
    end = name.end;
  }
  const rest = data.subarray(end - at);
  if (shape.after === "texts" ? !areTexts(rest) : rest.length !== shape.after) throw wrong();
  return Buffer.concat([...parts, rest]);
}

/** Where names stand in `data`, if the type's names may be compressed. */
export function compressible(type: number): { readonly before: number; readonly names: number } | undefined {
  const shape = SHAPES.get(type);
  return shape?.compressed ? shape : undefined;
}

/** The same for any two spellings of the same data: names in it are compared without regard to case (RFC 4343). */
export function canonical(type: number, data: Uint8Array): string {
  const shape = SHAPES.get(type);
  if (!shape || shape.names === 0 || data.length === 0) return Buffer.from(data).toString("latin1");
  const { before, at, names } = parts(shape, data);
  return [before, ...names, Buffer.from(data.subarray(at)).toString("latin1")].join("\0");
}

/** The one name in the data of a CNAME, NS, PTR, MX or SRV record. */
export function target(type: number, data: Uint8Array): string {
  const shape = SHAPES.get(type);
  return shape && shape.names > 0 ? nameText(data, shape.before) : "";
}

/** As a zone file has it, and short: for the journal. */
export function shown(type: number, data: Uint8Array): string {
  const bytes = Buffer.from(data);
  if (type === TYPES.A) return bytes.join(".");
  if (type === TYPES.AAAA) return (bytes.toString("hex").match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, "")).join(":");
  const shape = SHAPES.get(type);
  if (shape?.after === "texts") return JSON.stringify(bytes.subarray(1, 80).toString("latin1"));
  return shape && shape.names > 0 ? nameText(data, shape.before) : `${bytes.length} bytes`;
}

function parts(shape: Shape, data: Uint8Array): { before: string; names: string[]; at: number } {
  const names: string[] = [];
  let at = shape.before;
  for (let left = shape.names; left > 0; left--) {
    const name = readName(data, at);
    names.push(nameText(name.wire));
    at = name.end;
  }
  return { before: Buffer.from(data.subarray(0, shape.before)).toString("latin1"), names, at };
}

/** RFC 1035 §3.3.14. */
function areTexts(data: Uint8Array): boolean {
  let at = 0;
  while (at < data.length) at += 1 + data[at]!;
  return at === data.length && at > 0;
}
