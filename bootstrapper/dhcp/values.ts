/** The kinds of option values, each with both of its directions. */
import { fromNumber, type Ipv4, toNumber } from "../../cluster/address.ts";
import { ByteReader, type ByteWriter } from "../wire/bytes.ts";
import { WireError } from "../wire/error.ts";

/** `encode` writes what `decode` reads; `decode` throws WireError for bytes that are no such value. */
export interface Codec<T> {
  encode(value: T, out: ByteWriter): void;
  decode(bytes: Uint8Array): T;
}

function mustHave(raw: Uint8Array, length: number): void {
  if (raw.length !== length) throw new WireError("dhcp", `expected ${length} bytes, got ${raw.length}`);
}
const copy = (value: Uint8Array, out: ByteWriter): void => void out.bytes(value);

/** Bytes as text: two digits each. */
export const hex = (value: Uint8Array): string => Buffer.from(value.buffer, value.byteOffset, value.length).toString("hex");

export const bytes: Codec<Uint8Array> = { encode: copy, decode: (raw) => raw };

/** Bytes that only mean something from `least` of them on. */
export const bytesOf = (least: number, most: number): Codec<Uint8Array> => ({
  encode: copy,
  decode: (raw) => {
    if (raw.length >= least && raw.length <= most) return raw;
    throw new WireError("dhcp", `expected ${least === most ? least : `${least} to ${most}`} bytes, got ${raw.length}`);
  },
});

export const uint8: Codec<number> = {
  encode: (value, out) => void out.uint8(value),
  decode: (raw) => {
    mustHave(raw, 1);
    return raw[0]!;
  },
};

export const uint16: Codec<number> = {
  encode: (value, out) => void out.uint16(value),
  decode: (raw) => {
    mustHave(raw, 2);
    return (raw[0]! << 8) | raw[1]!;
  },
};

const uint32At = (raw: Uint8Array): number => ((raw[0]! << 24) | (raw[1]! << 16) | (raw[2]! << 8) | raw[3]!) >>> 0;

const FOREVER = 0xffff_ffff; // RFC 2131 §3.3: the infinite lease

/** Whole seconds; Infinity is a number of its own on the wire. */
export const seconds: Codec<number> = {
  encode: (value, out) => void out.uint32(Math.min(value, FOREVER)),
  decode: (raw) => {
    mustHave(raw, 4);
    const value = uint32At(raw);
    return value === FOREVER ? Infinity : value;
  },
};

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true }); // an option's text has no byte order mark to hide
const toUtf8 = new TextEncoder();

/** Some clients end their strings with a NUL, which a receiver must trim (RFC 2132 §2). */
export const text: Codec<string> = {
  encode: (value, out) => {
    for (let at = 0; at < value.length; at += 1) if (value.charCodeAt(at) > 0x7f) return copy(toUtf8.encode(value), out);
    for (let at = 0; at < value.length; at += 1) out.uint8(value.charCodeAt(at));
  },
  decode: (raw) => {
    let end = raw.length;
    while (end > 0 && raw[end - 1] === 0) end -= 1;
    return utf8.decode(end === raw.length ? raw : raw.subarray(0, end));
  },
};

export const address: Codec<Ipv4> = {
  encode: (value, out) => void out.uint32(toNumber(value)),
  decode: (raw) => {
    mustHave(raw, 4);
    return fromNumber(uint32At(raw));
  },
};

/** A number that stands for a name: its place in the list. */
export const oneOf = <T extends string>(names: readonly (T | null)[]): Codec<T> => ({
  encode: (value, out) => void out.uint8(names.indexOf(value)),
  decode: (raw) => {
    const code = uint8.decode(raw);
    const name = names[code];
    if (name == null) throw new WireError("dhcp", `${code} stands for nothing`);
    return name;
  },
});

/** One or more items of `width` bytes, back to back. */
export const listOf = <T>(item: Codec<T>, width: number): Codec<readonly T[]> => ({
  encode: (values, out) => {
    for (const value of values) item.encode(value, out);
  },
  decode: (raw) => {
    if (raw.length === 0 || raw.length % width !== 0)
      throw new WireError("dhcp", `expected a multiple of ${width} bytes, got ${raw.length}`);
    const values: T[] = [];
    for (let at = 0; at < raw.length; at += width) values.push(item.decode(raw.subarray(at, at + width)));
    return values;
  },
});

/** What a client is to be called, and who should tell the DNS (RFC 4702 §2). */
export interface ClientName {
  /** S, O, E and N: see CLIENT_NAME. */
  readonly flags: number;
  /** Labels with dots between them; a name without a dot is to be completed by us. */
  readonly name: string;
}

/** The flags of option 81, RFC 4702 §2.1. */
export const CLIENT_NAME = {
  /** The server tells the DNS about the name's address. */
  server: 0x01,
  /** The server does not do as the client asked. */
  overridden: 0x02,
  /** The name comes as DNS labels instead of text. */
  asLabels: 0x04,
  /** The server leaves the DNS alone. */
  noUpdate: 0x08,
};

const UNUSED = 255; // RFC 4702 §2.2: what a server puts where there once was a result code

export const clientName: Codec<ClientName> = {
  encode: ({ flags, name }, out) => {
    out.uint8(flags).uint8(UNUSED).uint8(UNUSED);
    if (!(flags & CLIENT_NAME.asLabels)) return text.encode(name, out);
    for (const label of name.split(".").map((part) => toUtf8.encode(part))) out.uint8(label.length).bytes(label);
  },
  decode: (raw) => {
    const reader = new ByteReader("dhcp", raw);
    const flags = reader.uint8("flags");
    reader.take(2, "result codes"); // to be ignored
    const name = flags & CLIENT_NAME.asLabels ? labels(reader) : text.decode(reader.rest());
    if (name.split(".").some((label) => toUtf8.encode(label).length > 63)) throw new WireError("dhcp", "a label has more than 63 bytes");
    return { flags, name };
  },
};

function labels(reader: ByteReader): string {
  const found: string[] = [];
  while (reader.left > 0) {
    const length = reader.uint8("label length");
    if (length === 0) break;
    if (length > 63) throw new WireError("dhcp", "a label has more than 63 bytes"); // no compression here
    const label = utf8.decode(reader.take(length, "label"));
    if (label.includes(".")) throw new WireError("dhcp", "a label has a dot in it");
    found.push(label);
  }
  return found.join(".");
}
