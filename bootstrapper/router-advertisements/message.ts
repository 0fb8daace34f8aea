/** The one thing we ever say in IPv6, as a whole Ethernet frame: there is a router here, and you need not ask it for anything. */
import type { Mac } from "../../cluster/address.ts";
import { ByteWriter } from "../wire/bytes.ts";

/** RFC 4861 §4.2. */
const ROUTER_ADVERTISEMENT = 134;
const SOURCE_LINK_LAYER_ADDRESS = 1; // RFC 4861 §4.6.1; its length counts units of eight bytes

const ETHERNET = { everyone: [0x33, 0x33, 0, 0, 0, 1], ipv6: 0x86dd } as const; // RFC 2464 §3, §7
const ICMPV6 = 58;
const HOP_LIMIT = 255; // RFC 4861 §6.1.2: with any other it came through a router and is dropped
const EVERYONE = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1); // ff02::1

/**
 * An advertisement from the card with this MAC to every host on its link. Its lifetime is 0, so nobody takes us for a router, and it names
 * no prefix and no DHCPv6, so nobody configures anything: firmware that waits for a router's word has had it.
 */
export function routerAdvertisement(mac: Mac): Uint8Array {
  const card = mac.split(":").map((pair) => Number.parseInt(pair, 16));
  const source = linkLocal(card);
  const message = new ByteWriter(24)
    .uint8(ROUTER_ADVERTISEMENT)
    .uint8(0)
    .uint16(0) // checksum, below
    .uint8(0) // hop limit: unspecified
    .uint8(0) // neither managed nor other configuration
    .uint16(0) // router lifetime
    .uint32(0) // reachable time: unspecified
    .uint32(0) // retransmission timer: unspecified
    .uint8(SOURCE_LINK_LAYER_ADDRESS)
    .uint8(1)
    .bytes(Uint8Array.from(card))
    .finish();
  new DataView(message.buffer, message.byteOffset).setUint16(2, checksum(source, message));
  return new ByteWriter(78)
    .bytes(Uint8Array.from([...ETHERNET.everyone, ...card]))
    .uint16(ETHERNET.ipv6)
    .uint32(0x6000_0000) // version 6, no class, no flow (RFC 8200 §3)
    .uint16(message.length)
    .uint8(ICMPV6)
    .uint8(HOP_LIMIT)
    .bytes(source)
    .bytes(EVERYONE)
    .bytes(message)
    .finish();
}

/** fe80:: and the interface identifier made of the MAC (RFC 4291 §2.5.6, appendix A). */
function linkLocal([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: readonly number[]): Uint8Array {
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f);
}

/** RFC 4443 §2.3: over the message and the pseudo-header of RFC 8200 §8.1. */
function checksum(source: Uint8Array, message: Uint8Array): number {
  const covered = [...source, ...EVERYONE, 0, 0, 0, message.length, 0, 0, 0, ICMPV6, ...message];
  let sum = 0;
  for (let at = 0; at < covered.length; at += 2) sum += (covered[at]! << 8) | covered[at + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
