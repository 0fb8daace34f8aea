import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arpProbe, arpSender, echoReply, echoRequest, ipPacket, macBytes, spelledMac } from "../../../bootstrapper/dhcp/frames.ts";
import { fromNumber, ipv4, mac } from "../../../cluster/address.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));
/** RFC 1071: the sum over what a right checksum covers is all ones. */
const sum = (all: Uint8Array, start = 0): number => {
  let total = start;
  for (let at = 0; at < all.length; at += 2) total += (all[at]! << 8) | (all[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
};

describe("ARP", () => {
  test("asks who has an address without claiming one", () => {
    expect(hex(arpProbe(mac("52:54:00:12:34:56"), ipv4("10.0.0.11")))).toBe(
      "0001080006040001525400123456" + "00000000" + "000000000000" + "0a00000b",
    );
  });

  test("tells who has an address from questions as well as from answers", () => {
    const answer = bytes("0001 0800 06 04 0002 52540077 0099 0a4d0066 525400770001 00000000");
    expect(arpSender(answer)).toEqual({ address: "10.77.0.102", mac: "52:54:00:77:00:99" });
    answer[7] = 1;
    expect(arpSender(answer)).toMatchObject({ address: "10.77.0.102" });
  });

  test("says nothing of somebody who only asks, or of bytes that are no ARP", () => {
    expect(arpSender(arpProbe(mac("52:54:00:12:34:56"), ipv4("10.0.0.11")))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 27 }), (junk) => {
        expect(arpSender(junk)).toBeUndefined();
      }),
    );
  });
});

describe("an echo", () => {
  test("asks with a number that comes back, under a right checksum", () => {
    const asked = echoRequest(0xdeadbeef);
    expect(sum(asked)).toBe(0xffff);
    const answer = Uint8Array.from(asked);
    answer[0] = 0; // echo reply
    const packet = new Uint8Array([...bytes("4500001c 00000000 40010000 0a4d0063 0a4d0001"), ...answer]);
    expect(echoReply(packet)).toEqual({ address: "10.77.0.99", number: 0xdeadbeef });
  });

  test("is not found in anything else", () => {
    expect(echoReply(bytes("4500001c 00000000 40010000 0a4d0063 0a4d0001 0300000000000000"))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (junk) => {
        echoReply(junk);
      }),
    );
  });
});

test("a datagram of our own making has right lengths and checksums, whatever it carries", () => {
  const address = fc.nat(0xffff_ffff).map(fromNumber);
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(address, address, port, port, fc.uint8Array({ maxLength: 1472 }), (from, to, fromPort, toPort, payload) => {
      const packet = ipPacket({ from: { address: from, port: fromPort }, to: { address: to, port: toPort }, payload });
      const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
      expect(view.getUint16(2)).toBe(packet.length);
      expect(sum(packet.subarray(0, 20))).toBe(0xffff);
      expect(view.getUint16(24)).toBe(8 + payload.length);
      expect(view.getUint16(26)).not.toBe(0);
      expect(sum(packet.subarray(12), 17 + 8 + payload.length)).toBe(0xffff);
      expect(packet.subarray(28)).toEqual(payload);
    }),
  );
});

test("a MAC is the same after it was bytes", () => {
  expect(spelledMac(macBytes(mac("52:54:00:12:34:56")))).toBe("52:54:00:12:34:56");
});
