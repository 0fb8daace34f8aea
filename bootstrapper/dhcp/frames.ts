/** What is sent and heard below UDP: ARP, ICMP echo, and a datagram to a machine that has no address yet. Pure. */
import { fromNumber, type Ipv4, type Mac, toNumber } from "../../cluster/address.ts";
import { ByteWriter } from "../wire/bytes.ts";

const ARP_LENGTH = 28; // RFC 826, for Ethernet and IPv4
const REQUEST = 1;
const UDP = 17;
const ICMP_ECHO = 8;

/** "Who has it?", without saying that we have any address: so nobody's ARP cache learns from it. RFC 5227 §2.1.1. */
export function arpProbe(from: Mac, address: Ipv4): Uint8Array {
  return new ByteWriter(ARP_LENGTH)
    .uint16(1) // Ethernet
    .uint16(0x0800)
    .uint8(6)
    .uint8(4)
    .uint16(REQUEST)
    .bytes(macBytes(from))
    .uint32(0)
    .zeros(6)
    .uint32(toNumber(address))
    .finish();
}

/** Whoever sends an ARP message from an address, asking or answering, has it. Undefined for anything else. */
export function arpSender(bytes: Uint8Array): { readonly address: Ipv4; readonly mac: Mac } | undefined {
  if (bytes.length < ARP_LENGTH || bytes[1] !== 1 || bytes[2] !== 8 || bytes[3] !== 0 || bytes[4] !== 6 || bytes[5] !== 4) return undefined;
  const address = fromNumber(uint32(bytes, 14));
  return address === "0.0.0.0" ? undefined : { address, mac: spelledMac(bytes.subarray(8, 14)) };
}

/** RFC 792. `number` comes back in the answer. */
export function echoRequest(number: number): Uint8Array {
  const message = new ByteWriter(8)
    .uint8(ICMP_ECHO)
    .uint8(0)
    .uint16(0)
    .uint16(number >>> 16)
    .uint16(number)
    .finish();
  return withChecksum(message, 2, checksum(message));
}

/** Who answered which echo request, from an IPv4 packet as a raw socket hands it out; undefined for anything else. */
export function echoReply(packet: Uint8Array): { readonly address: Ipv4; readonly number: number } | undefined {
  const at = (packet[0]! & 15) * 4;
  if (packet.length < at + 8 || packet[at] !== 0 || packet[at + 1] !== 0) return undefined;
  return { address: fromNumber(uint32(packet, 12)), number: uint32(packet, at + 4) };
}

export interface Datagram {
  readonly from: { readonly address: Ipv4; readonly port: number };
  readonly to: { readonly address: Ipv4; readonly port: number };
  readonly payload: Uint8Array;
}

/** An IPv4 packet with one UDP datagram. RFC 791 §3.1, RFC 768. */
export function ipPacket({ from, to, payload }: Datagram): Uint8Array {
  const length = 8 + payload.length;
  const packet = new ByteWriter(20 + length)
    .uint8(0x45)
    .uint8(0)
    .uint16(20 + length)
    .uint32(0) // identification and fragment: it is never cut
    .uint8(64)
    .uint8(UDP)
    .uint16(0)
    .uint32(toNumber(from.address))
    .uint32(toNumber(to.address))
    .uint16(from.port)
    .uint16(to.port)
    .uint16(length)
    .uint16(0)
    .bytes(payload)
    .finish();
  withChecksum(packet, 10, checksum(packet.subarray(0, 20)));
  // RFC 768: over both addresses, the protocol and the length too; zero would say that there is none.
  return withChecksum(packet, 26, checksum(packet.subarray(12), UDP + length) || 0xffff);
}

function withChecksum(bytes: Uint8Array, at: number, sum: number): Uint8Array {
  bytes[at] = sum >>> 8;
  bytes[at + 1] = sum;
  return bytes;
}

/** RFC 1071. */
function checksum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

export const macBytes = (mac: Mac): Uint8Array => Uint8Array.from(mac.split(":"), (pair) => Number.parseInt(pair, 16));
export const spelledMac = (bytes: Uint8Array): Mac => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":") as Mac;
