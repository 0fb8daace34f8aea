/** TFTP packets as values: any bytes become a Packet or a WireError. RFC 1350 §5, with the options of RFC 2347. */
import { WireError } from "../wire/error.ts";

/** By lower-case name, in the order they were written. */
export type Options = ReadonlyMap<string, string>;

export type Packet =
  | { readonly op: "read" | "write"; readonly file: string; readonly mode: string; readonly options: Options }
  | { readonly op: "data"; readonly block: number; readonly data: Uint8Array }
  | { readonly op: "ack"; readonly block: number }
  | { readonly op: "error"; readonly code: number; readonly message: string }
  | { readonly op: "oack"; readonly options: Options };

/** RFC 1350 §5, RFC 2347: the position in this list is the number on the wire. */
const OPS = [undefined, "read", "write", "data", "ack", "error", "oack"] as const;

/** RFC 1350 appendix I, RFC 2347. */
export const ERRORS = { other: 0, notFound: 1, accessViolation: 2, illegalOperation: 4, unknownTransfer: 5, badOptions: 8 } as const;
export type ErrorCode = (typeof ERRORS)[keyof typeof ERRORS];

/** RFC 2347: "the maximum size of a request packet is 512 octets". What lies behind them is not read. */
const REQUEST_SIZE = 512;
/** Longer words of a client are of no use to anybody. */
const MESSAGE_SIZE = 512;

export function encode(packet: Packet): Uint8Array {
  const op = OPS.indexOf(packet.op);
  switch (packet.op) {
    case "read":
    case "write":
      return Buffer.concat([uint16(op), strings(packet.file, packet.mode), pairs(packet.options)]);
    case "data":
      return Buffer.concat([uint16(op), uint16(packet.block), packet.data]);
    case "ack":
      return Buffer.concat([uint16(op), uint16(packet.block)]);
    case "error":
      return Buffer.concat([uint16(op), uint16(packet.code), strings(packet.message)]);
    case "oack":
      return Buffer.concat([uint16(op), pairs(packet.options)]);
  }
}

/** The block that an ACK with these first four bytes acknowledges; below 0 for every other packet. */
export const ackedBlock = (head: number): number => (head >>> 16 === 4 ? head & 0xffff : -1);

/** The first four bytes of a DATA packet, as one number. */
export const dataHead = (block: number): number => 0x0003_0000 | (block & 0xffff);

/** `data` is a view into `raw`, not a copy. */
export function decode(raw: Uint8Array): Packet {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (bytes.length < 4) throw new WireError("tftp", `a packet of ${bytes.length} bytes; the shortest has 4`);
  const number = bytes.readUInt16BE(0);
  const op = OPS[number];
  switch (op) {
    case "read":
    case "write":
      return { op, ...request(bytes.subarray(2, REQUEST_SIZE)) };
    case "data":
      return { op, block: bytes.readUInt16BE(2), data: bytes.subarray(4) };
    case "ack":
      return { op, block: bytes.readUInt16BE(2) }; // some stacks pad their ACKs
    case "error":
      return { op, code: bytes.readUInt16BE(2), message: message(bytes.subarray(4, 4 + MESSAGE_SIZE)) };
    case "oack":
      return { op, options: options(terminated(bytes.subarray(2, REQUEST_SIZE))) };
    default:
      throw new WireError("tftp", `opcode ${number} is none of 1 to 6`);
  }
}

function request(bytes: Buffer): { file: string; mode: string; options: Options } {
  const [file, mode, ...rest] = terminated(bytes);
  if (file === undefined) throw new WireError("tftp", "the file name has no end");
  if (mode === undefined) throw new WireError("tftp", `the request for ${JSON.stringify(file)} has no mode`);
  return { file, mode: mode.toLowerCase(), options: options(rest) };
}

/** RFC 2347: names do not depend on case and come once; the first counts. An empty name is padding, and so is what follows it. */
function options(words: readonly string[]): Options {
  const found = new Map<string, string>();
  for (let at = 0; at + 1 < words.length && words[at] !== ""; at += 2) {
    const name = words[at]!.toLowerCase();
    if (!found.has(name)) found.set(name, words[at + 1]!);
  }
  return found;
}

/** The strings that end with a NUL. One that does not is cut off, and a value cut off must not be believed. */
function terminated(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0, end = bytes.indexOf(0); end >= 0; at = end + 1, end = bytes.indexOf(0, at)) found.push(bytes.toString("utf8", at, end));
  return found;
}

/** Not every client ends its message with a NUL. */
function message(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

const uint16 = (value: number): Buffer => Buffer.of((value >> 8) & 255, value & 255);
const strings = (...texts: readonly string[]): Buffer => Buffer.from(texts.map((text) => `${text}\0`).join(""));
const pairs = (options: Options): Buffer => strings(...[...options].flat());
