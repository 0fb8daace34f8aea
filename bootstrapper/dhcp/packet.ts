/** One BOOTP message with its DHCP options, as bytes and as values. RFC 2131 §2, RFC 951. */
import { fromNumber, type Ipv4, type Mac, toNumber } from "../../cluster/address.ts";
import { ByteReader, ByteWriter } from "../wire/bytes.ts";
import { WireError } from "../wire/error.ts";
import { collect, encodeOptions, interpret, type Options, type RawOptions } from "./options.ts";
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

const COOKIE = 0x63825363; // RFC 2131 §3
const BROADCAST = 0x8000; // RFC 2131 §2, figure 2
const LEAST = 300; // RFC 1542 §2.1: shorter messages are dropped by some relays and firmware
const SERVER_NAME = 64;
const BOOT_FILE = 128;
const OVERLOAD = 52; // RFC 2132 §9.3: 1 file, 2 sname, 3 both hold options

/** Bytes that a receiver wants at least and takes at most, of a message without its IP and UDP headers. */
export interface Room {
  readonly least: number;
  readonly most: number;
}
const ANY: Room = { least: LEAST, most: Infinity };

/** Throws WireError when a text does not fit its field. */
export function encodePacket(packet: Packet, { least }: Room = ANY): Uint8Array {
  const out = new ByteWriter(LEAST)
    .uint8(packet.op === "request" ? 1 : 2)
    .uint8(packet.hardwareType)
    .uint8(6)
    .uint8(packet.hops)
    .uint32(packet.transaction)
    .uint16(packet.seconds)
    .uint16(packet.broadcast ? BROADCAST : 0);
  for (const address of [packet.clientAddress, packet.yourAddress, packet.serverAddress, packet.relayAddress])
    out.uint32(toNumber(address));
  out.bytes(Uint8Array.from(packet.mac.split(":"), (pair) => Number.parseInt(pair, 16))).zeros(10);
  out.bytes(field(packet.serverName, SERVER_NAME, "sname")).bytes(field(packet.bootFile, BOOT_FILE, "file"));
  out.uint32(COOKIE).bytes(encodeOptions(packet.options));
  return out.zeros(least - out.length).finish();
}

/** Any bytes become a packet or a WireError. */
export function decodePacket(bytes: Uint8Array): Packet {
  const reader = new ByteReader("dhcp", bytes);
  const op = reader.uint8("op");
  if (op !== 1 && op !== 2) throw new WireError("dhcp", `op is ${op}, neither a request (1) nor a reply (2)`);
  const hardwareType = reader.uint8("htype");
  const hardwareLength = reader.uint8("hlen");
  if (hardwareLength !== 6) throw new WireError("dhcp", `the hardware address has ${hardwareLength} bytes; only six are understood`);
  const address = (name: string): Ipv4 => fromNumber(reader.uint32(name));
  const header = {
    op: op === 1 ? ("request" as const) : ("reply" as const),
    hardwareType,
    hops: reader.uint8("hops"),
    transaction: reader.uint32("xid"),
    seconds: reader.uint16("secs"),
    broadcast: (reader.uint16("flags") & BROADCAST) !== 0,
    clientAddress: address("ciaddr"),
    yourAddress: address("yiaddr"),
    serverAddress: address("siaddr"),
    relayAddress: address("giaddr"),
    mac: Array.from(reader.take(16, "chaddr").subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join(":") as Mac,
  };
  const serverName = reader.take(SERVER_NAME, "sname");
  const bootFile = reader.take(BOOT_FILE, "file");
  if (reader.uint32("magic cookie") !== COOKIE) throw new WireError("dhcp", "the magic cookie is not DHCP's");

  const found: RawOptions = new Map();
  if (!collect(reader.rest(), "the options", found)) throw new WireError("dhcp", "the options have no end mark; the message is cut short");
  const overload = found.get(OVERLOAD)?.[0]?.[0] ?? 0;
  if (overload & 1) collect(bootFile, "the file field", found); // RFC 2131 §4.1: file before sname
  if (overload & 2) collect(serverName, "the sname field", found);
  return {
    ...header,
    serverName: overload & 2 ? "" : upToNul(serverName),
    bootFile: overload & 1 ? "" : upToNul(bootFile),
    ...interpret(found),
  };
}

function field(value: string, length: number, name: string): Uint8Array {
  const bytes = text.encode(value);
  if (bytes.length >= length) throw new WireError("dhcp", `${name} has room for ${length - 1} bytes, "${value}" has ${bytes.length}`);
  return new ByteWriter(length)
    .bytes(bytes)
    .zeros(length - bytes.length)
    .finish();
}

function upToNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return text.decode(end < 0 ? bytes : bytes.subarray(0, end));
}
