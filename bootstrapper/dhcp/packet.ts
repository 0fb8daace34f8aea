/** One BOOTP message with its DHCP options, as bytes and as values. RFC 2131 §2, RFC 951. */
import { fromNumber, type Ipv4, type Mac, toNumber } from "../../cluster/address.ts";
import { ByteWriter } from "../wire/bytes.ts";
import { WireError } from "../wire/error.ts";
import { collect, encodeOptions, interpret, type Options, type RawOptions } from "./options.ts";
import { squeeze } from "./squeeze.ts";
import { text } from "./values.ts";

export interface Packet {
  readonly op: "request" | "reply";
  /** 1 is Ethernet; only hardware with addresses of six bytes is understood. */
  readonly hardwareType: number;
  readonly hops: number;
  /** Chosen by the client; the reply repeats it (xid). */
  readonly transaction: number;
  /** Since the client began to ask. iPXE makes it up, so nothing may depend on it. */
  readonly seconds: number;
  /** The client cannot hear unicast before it has an address (flags, B). */
  readonly broadcast: boolean;
  /** ciaddr: where the client already is. */
  readonly clientAddress: Ipv4;
  /** yiaddr: what it is given. */
  readonly yourAddress: Ipv4;
  /** siaddr: who has its boot file. */
  readonly serverAddress: Ipv4;
  /** giaddr: the relay between us. */
  readonly relayAddress: Ipv4;
  readonly mac: Mac;
  /** sname: at most 63 bytes. */
  readonly serverName: string;
  /** file: at most 127 bytes. */
  readonly bootFile: string;
  readonly options: Options;
  /** Options that were left out because their value was no such thing, in words. */
  readonly oddities: readonly string[];
}

/** Bytes that a receiver wants at least and takes at most, of a message without its IP and UDP headers. */
export interface Room {
  readonly least: number;
  readonly most: number;
}

/** Where the fields begin, RFC 2131 §2, figure 1. */
const AT = { op: 0, htype: 1, hlen: 2, hops: 3, xid: 4, secs: 8, flags: 10, ciaddr: 12, yiaddr: 16, siaddr: 20, giaddr: 24, chaddr: 28 };
const SERVER_NAME = { at: 44, length: 64 };
const BOOT_FILE = { at: 108, length: 128 };
const COOKIE = { at: 236, is: 0x63825363 }; // RFC 2131 §3
const OPTIONS_AT = 240;
const BROADCAST = 0x8000; // RFC 2131 §2, figure 2
const OVERLOAD = 52; // RFC 2132 §9.3: 1 file, 2 sname, 3 both hold options
/** RFC 1542 §2.1: shorter messages are dropped by some relays and firmware. */
export const LEAST = 300;
const ANY: Room = { least: LEAST, most: Infinity };

/** Throws WireError when a text does not fit its field. What does not fit `room` moves or goes: see squeeze.ts. */
export function encodePacket(packet: Packet, room: Room = ANY): Uint8Array {
  const out = new ByteWriter(576);
  encodeHeader(packet, out);
  encodeOptions(packet.options, out);
  if (out.length <= room.most) return out.zeros(room.least - out.length).finish();

  const { rest, file, sname } = squeeze(packet, room.most - OPTIONS_AT);
  const short = new ByteWriter(room.most);
  encodeHeader({ ...packet, ...(sname && { serverName: "" }) }, short);
  const bytes = short
    .bytes(rest)
    .zeros(room.least - short.length)
    .finish();
  if (file) bytes.set(file, BOOT_FILE.at);
  if (sname) bytes.set(sname, SERVER_NAME.at);
  return bytes;
}

function encodeHeader(packet: Packet, out: ByteWriter): void {
  out
    .uint8(packet.op === "request" ? 1 : 2)
    .uint8(packet.hardwareType)
    .uint8(6)
    .uint8(packet.hops)
    .uint32(packet.transaction)
    .uint16(packet.seconds)
    .uint16(packet.broadcast ? BROADCAST : 0)
    .uint32(toNumber(packet.clientAddress))
    .uint32(toNumber(packet.yourAddress))
    .uint32(toNumber(packet.serverAddress))
    .uint32(toNumber(packet.relayAddress));
  for (let at = 0; at < 18; at += 3) out.uint8((nibble(packet.mac, at) << 4) | nibble(packet.mac, at + 1));
  out.zeros(10);
  encodeField(packet.serverName, SERVER_NAME.length, "sname", out);
  encodeField(packet.bootFile, BOOT_FILE.length, "file", out);
  out.uint32(COOKIE.is);
}

/** Of a lower-case hexadecimal digit. */
function nibble(mac: Mac, at: number): number {
  const code = mac.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

function encodeField(value: string, length: number, name: string, out: ByteWriter): void {
  const start = out.length;
  text.encode(value, out);
  const written = out.length - start;
  if (written >= length) throw new WireError("dhcp", `${name} has room for ${length - 1} bytes, "${value}" has ${written}`);
  out.zeros(length - written);
}

/** Any bytes become a packet or a WireError. */
export function decodePacket(bytes: Uint8Array): Packet {
  if (bytes.length <= OPTIONS_AT) throw new WireError("dhcp", `the message is cut short: ${bytes.length} bytes`);
  const op = bytes[AT.op]!;
  if (op !== 1 && op !== 2) throw new WireError("dhcp", `op is ${op}, neither a request (1) nor a reply (2)`);
  const hardwareLength = bytes[AT.hlen]!;
  if (hardwareLength !== 6) throw new WireError("dhcp", `the hardware address has ${hardwareLength} bytes; only six are understood`);
  if (uint32(bytes, COOKIE.at) !== COOKIE.is) throw new WireError("dhcp", "the magic cookie is not DHCP's");

  const found: RawOptions = new Map();
  if (!collect(bytes, "the options", found, OPTIONS_AT))
    throw new WireError("dhcp", "the options have no end mark; the message is cut short");
  const overload = found.get(OVERLOAD)?.[0]?.[0] ?? 0;
  if (overload & 1) collect(field(bytes, BOOT_FILE), "the file field", found); // RFC 2131 §4.1: file before sname
  if (overload & 2) collect(field(bytes, SERVER_NAME), "the sname field", found);
  const { options, oddities } = interpret(found);
  return {
    op: op === 1 ? "request" : "reply",
    hardwareType: bytes[AT.htype]!,
    hops: bytes[AT.hops]!,
    transaction: uint32(bytes, AT.xid),
    seconds: (bytes[AT.secs]! << 8) | bytes[AT.secs + 1]!,
    broadcast: (bytes[AT.flags]! & (BROADCAST >> 8)) !== 0,
    clientAddress: fromNumber(uint32(bytes, AT.ciaddr)),
    yourAddress: fromNumber(uint32(bytes, AT.yiaddr)),
    serverAddress: fromNumber(uint32(bytes, AT.siaddr)),
    relayAddress: fromNumber(uint32(bytes, AT.giaddr)),
    mac: macAt(bytes, AT.chaddr),
    serverName: overload & 2 ? "" : upToNul(field(bytes, SERVER_NAME)),
    bootFile: overload & 1 ? "" : upToNul(field(bytes, BOOT_FILE)),
    options,
    oddities,
  };
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const macAt = (bytes: Uint8Array, at: number): Mac =>
  `${PAIRS[bytes[at]!]}:${PAIRS[bytes[at + 1]!]}:${PAIRS[bytes[at + 2]!]}:${PAIRS[bytes[at + 3]!]}:${PAIRS[bytes[at + 4]!]}:${PAIRS[bytes[at + 5]!]}` as Mac;

const field = (bytes: Uint8Array, { at, length }: { readonly at: number; readonly length: number }): Uint8Array =>
  bytes.subarray(at, at + length);

function upToNul(bytes: Uint8Array): string {
  if (bytes[0] === 0) return "";
  const end = bytes.indexOf(0);
  return text.decode(end < 0 ? bytes : bytes.subarray(0, end));
}
