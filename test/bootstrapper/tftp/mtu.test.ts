import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { hostMtu, type Link, mtuTowards } from "../../../bootstrapper/tftp/mtu.ts";
import { ipv4 } from "../../../cluster/address.ts";

const link = (address: string, netmask: string, mtu: number): Link => ({ address: ipv4(address), netmask: ipv4(netmask), mtu });
const LINKS = [
  link("127.0.0.1", "255.0.0.0", 65536),
  link("10.0.0.1", "255.255.255.0", 1500),
  link("10.9.0.1", "255.255.0.0", 9000),
  link("10.9.7.1", "255.255.255.0", 1400),
];

// biome-ignore format: a table
test.each([
  { peer: "127.0.0.1",   mtu: 65536, why: "on the loopback" },
  { peer: "10.0.0.11",   mtu: 1500,  why: "on a link of ours" },
  { peer: "10.9.1.5",    mtu: 9000,  why: "on a link with jumbo frames" },
  { peer: "10.9.7.5",    mtu: 1400,  why: "on the narrower of two links that have it" },
  { peer: "192.168.1.5", mtu: 1400,  why: "behind a router, over the narrowest link" },
])("$peer is $why: $mtu", ({ peer, mtu }) => {
  expect(mtuTowards(ipv4(peer), LINKS)).toBe(mtu);
});

test("behind a router nobody is promised jumbo frames, and without any link there is Ethernet", () => {
  expect(mtuTowards(ipv4("192.168.1.5"), [link("10.9.0.1", "255.255.0.0", 9000)])).toBe(1500);
  expect(mtuTowards(ipv4("192.168.1.5"), [])).toBe(1500);
});

test("the host's own loopback is known for what it carries", () => {
  expect(networkInterfaces()["lo"]).toBeDefined();
  expect(hostMtu()(ipv4("127.0.0.1"))).toBeGreaterThan(1500);
});
