/** The kinds of option values, each with both of its directions. */
import { fromNumber, type Ipv4, toNumber } from "../../cluster/address.ts";
import { ByteReader, ByteWriter } from "../wire/bytes.ts";
import { WireError } from "../wire/error.ts";

/** `encode` and `decode` are inverses; `decode` throws WireError for bytes that are no such value. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

const exactly = (raw: Uint8Array, length: number): ByteReader => {
  if (raw.length !== length) throw new WireError("dhcp", `expected ${length} bytes, got ${raw.length}`);
  return new ByteReader("dhcp", raw);
};

export const bytes: Codec<Uint8Array> = { encode: (value) => value, decode: (raw) => raw };

/** Bytes that only mean something from `least` of them on. */
export const bytesOf = (least: number, most: number): Codec<Uint8Array> => ({
  encode: (value) => value,
  decode: (raw) => {
    if (raw.length >= least && raw.length <= most) return raw;
    throw new WireError("dhcp", `expected ${least === most ? least : `${least} to ${most}`} bytes, got ${raw.length}`);
  },
});

export const uint8: Codec<number> = {
  encode: (value) => Uint8Array.of(value),
  decode: (raw) => exactly(raw, 1).uint8("number"),
};

export const uint16: Codec<number> = {
  encode: (value) => new ByteWriter(2).uint16(value).finish(),
  decode: (raw) => exactly(raw, 2).uint16("number"),
};

const FOREVER = 0xffff_ffff; // RFC 2131 §3.3: the infinite lease

/** Whole seconds; Infinity is a number of its own on the wire. */
export const seconds: Codec<number> = {
  encode: (value) => new ByteWriter(4).uint32(Math.min(value, FOREVER)).finish(),
  decode: (raw) => {
    const value = exactly(raw, 4).uint32("seconds");
    return value === FOREVER ? Infinity : value;
  },
};

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true }); // an option's text has no byte order mark to hide

/** Some clients end their strings with a NUL, which a receiver must trim (RFC 2132 §2). */
export const text: Codec<string> = {
  encode: (value) => new TextEncoder().encode(value),
  decode: (raw) => utf8.decode(raw).replace(/\0+$/, ""),
};

export const address: Codec<Ipv4> = {
  encode: (value) => new ByteWriter(4).uint32(toNumber(value)).finish(),
  decode: (raw) => fromNumber(exactly(raw, 4).uint32("address")),
};

/** A number that stands for a name: its place in the list. */
export const oneOf = <T extends string>(names: readonly (T | null)[]): Codec<T> => ({
  encode: (value) => Uint8Array.of(names.indexOf(value)),
  decode: (raw) => {
    const code = uint8.decode(raw);
    const name = names[code];
    if (name == null) throw new WireError("dhcp", `${code} stands for nothing`);
    return name;
  },
});

/** One or more items of `width` bytes, back to back. */
export const listOf = <T>(item: Codec<T>, width: number): Codec<readonly T[]> => ({
  encode: (values) => values.reduce((out, value) => out.bytes(item.encode(value)), new ByteWriter(values.length * width)).finish(),
  decode: (raw) => {
    if (raw.length === 0 || raw.length % width !== 0)
      throw new WireError("dhcp", `expected a multiple of ${width} bytes, got ${raw.length}`);
    return Array.from({ length: raw.length / width }, (_, index) => item.decode(raw.subarray(index * width, (index + 1) * width)));
  },
});

/** What a client wants to be called, and who should tell the DNS (RFC 4702 §2). */
export interface ClientName {
  /** S, O, E and N; E says that the name comes as DNS labels instead of text. */
  readonly flags: number;
  /** Labels with dots between them; a name without a dot is to be completed by us. */
  readonly name: string;
}

const AS_LABELS = 0x04;

export const clientName: Codec<ClientName> = {
  encode: ({ flags, name }) => {
    const out = new ByteWriter(64).uint8(flags).zeros(2);
    if (!(flags & AS_LABELS)) return out.bytes(text.encode(name)).finish();
    for (const label of name.split(".").map(text.encode)) out.uint8(label.length).bytes(label);
    return out.finish();
  },
  decode: (raw) => {
    const reader = new ByteReader("dhcp", raw);
    const flags = reader.uint8("flags");
    reader.take(2, "result codes"); // RCODE1 and RCODE2 are to be ignored
    const name = flags & AS_LABELS ? labels(reader) : text.decode(reader.rest());
    if (name.split(".").some((label) => text.encode(label).length > 63)) throw new WireError("dhcp", "a label has more than 63 bytes");
    return { flags, name };
  },
};

function labels(reader: ByteReader): string {
  const found: string[] = [];
  while (reader.left > 0) {
    const length = reader.uint8("label length");
    if (length === 0) break;
    if (length > 63) throw new WireError("dhcp", "a label has more than 63 bytes"); // no compression here
    found.push(utf8.decode(reader.take(length, "label")));
  }
  return found.join(".");
}
