import { expect, test } from "vitest";
import { routerAdvertisement } from "../../../bootstrapper/router-advertisements/message.ts";
import { mac } from "../../../cluster/address.ts";

const CARD = mac("52:54:00:77:00:01");

test("an advertisement is a frame to every host, from the card's own link-local address", () => {
  const frame = Buffer.from(routerAdvertisement(CARD)).toString("hex");
  expect(frame.match(/^(.{12})(.{12})(.{4})(.{8})(.{4})(.{2})(.{2})(.{32})(.{32})(.*)$/)?.slice(1, 10)).toEqual([
    "333300000001",
    "525400770001",
    "86dd",
    "60000000",
    "0018", // 24 bytes
    "3a", // ICMPv6
    "ff", // straight from the link
    "fe800000000000005054" + "00fffe770001",
    "ff020000000000000000000000000001",
  ]);
});

test("it is a router's word without a life, a prefix or a flag", () => {
  const message = Buffer.from(routerAdvertisement(CARD)).subarray(54);
  expect(message.toString("hex")).toMatch(/^8600....00000000000000000000000001015254007700(01)$/);
});

test("its checksum is right for any card", () => {
  for (const card of ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "02:00:5e:10:00:01", CARD]) {
    const frame = routerAdvertisement(mac(card));
    const covered = [...frame.subarray(22, 54), 0, 24, 0, 58, ...frame.subarray(54)];
    let sum = 0;
    for (let at = 0; at < covered.length; at += 2) sum += covered[at]! * 256 + covered[at + 1]!;
    expect(sum % 0xffff, card).toBe(0); // RFC 1071 §1: with the checksum in place the sum is all ones
  }
});
