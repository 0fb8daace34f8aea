/** Every row of the quirk table against a packet of its client. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { answer, type World } from "../../../bootstrapper/dhcp/answer.ts";
import { decodePacket, encodePacket, type Packet } from "../../../bootstrapper/dhcp/packet.ts";
import { answerProxy } from "../../../bootstrapper/dhcp/proxy.ts";
import { QUIRKS, quirksOf } from "../../../bootstrapper/dhcp/quirks.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { message, PXE, rack, world } from "../../support/dhcp.ts";

const FILES = readdirSync("test/fixtures/dhcp");
const fileOf = (name: string): string | undefined => FILES.find((file) => file.startsWith(`${name}-`) && file.endsWith(".bin"));
const packetOf = (name: string): Packet => decodePacket(new Uint8Array(readFileSync(`test/fixtures/dhcp/${fileOf(name)}`)));
/** The reply as it is on the wire. */
const replied = (request: Packet, changes: Parameters<typeof world>[0] = {}): { readonly packet: Packet; readonly bytes: Buffer } => {
  const decision = answer(request, world(changes));
  if (decision.do !== "reply") throw new Error(decision.because);
  const bytes = encodePacket(decision.packet, decision.room);
  return { packet: decodePacket(bytes), bytes: Buffer.from(bytes) };
};
const described = (...options: readonly { readonly code: number; readonly hex: string }[]) => ({ cluster: rack({ options }) });

test.each(QUIRKS)("$name has a reason, a source and a packet that it changes something for", ({ name, because, source, when, change }) => {
  expect(because.length).toBeGreaterThan(20);
  for (const link of source.split(" ")) expect(link).toMatch(/^https:\/\//);
  expect(Object.keys(when)).not.toEqual([]);
  expect(quirksOf(packetOf(name))).toMatchObject(change);
});

test("a client without oddities gets no changes", () => {
  expect(quirksOf(message("discover", { vendorClass: "dhcpcd-9.4.1:Linux", wanted: Uint8Array.of(1, 3, 6) }))).toEqual({});
  expect(quirksOf(message("discover", PXE["http"]))).toEqual({});
});

test("an old PXE ROM finds a NUL behind its boot file, not the next option", () => {
  const { bytes, packet } = replied(packetOf("old-pxe-rom"));
  expect(bytes.includes(Buffer.from([67, 14, ...Buffer.from("undionly.kpxe"), 0]))).toBe(true);
  expect(packet).toMatchObject({ bootFile: "undionly.kpxe", options: { bootFile: "undionly.kpxe" } });
});

test("UEFI is never told PXEClient beside an address, not even by the description", () => {
  const { packet } = replied(packetOf("ovmf-pxe"), described({ code: 60, hex: "505845436c69656e74" }, { code: 43, hex: "060108ff" }));
  expect(packet.options).not.toHaveProperty("vendorClass");
  expect(packet.options).not.toHaveProperty("vendorSpecific");
  const nothing: World["nextBoot"] = () => ({ do: "nothing", because: "it is retired" });
  expect(
    replied(packetOf("ovmf-pxe"), { ...described({ code: 60, hex: "505845436c69656e74" }), nextBoot: nothing }).packet.options,
  ).not.toHaveProperty("vendorClass");
});

test("as a ProxyDHCP server we must say PXEClient to the same UEFI, and listen on 4011", () => {
  const decision = answerProxy(packetOf("ovmf-pxe"), "dhcp", world({ cluster: rack({ dhcp: "proxy" }) }));
  expect(decision).toMatchObject({ do: "reply", packet: { options: { vendorClass: "PXEClient" } } });
});

test("a Raspberry Pi finds the words it looks for, and its own boot file", () => {
  const { packet } = replied(packetOf("raspberry-pi"));
  expect(packet).toMatchObject({
    bootFile: "bootcode.bin",
    serverAddress: "10.77.0.1",
    options: { vendorClass: "PXEClient", bootServer: "10.77.0.1" },
  });
  expect(Buffer.from(packet.options.vendorSpecific ?? []).toString("latin1")).toContain("\x00\x00\x11Raspberry Pi Boot\xff");
});

test.each(["small-ipxe", "ipxe-without-http"])("%s is given a whole iPXE over TFTP, once", (name) => {
  expect(replied(packetOf(name)).packet.bootFile).toBe("undionly.kpxe");
  const whole = decodePacket(new Uint8Array(readFileSync("test/fixtures/dhcp/undionly-discover.bin")));
  expect(replied(whole).packet.bootFile).toMatch(/^http:.*\.ipxe$/);
});

test.each([
  { name: "u-boot-armv8", gets: "ipxe-arm64.efi" },
  { name: "u-boot-armv7", gets: "ipxe-arm32.efi" },
])("$name is U-Boot, whatever number it made up", ({ name, gets }) => {
  const request = packetOf(name);
  const { packet } = replied(request);
  expect(packet.bootFile).toBe(gets);
  expect(packet.options.pxelinuxConfig).toBe(`pxelinux.cfg/01-${request.mac.replaceAll(":", "-")}`);
});

test("Windows reads its routes under Microsoft's code too", () => {
  const routes = Uint8Array.of(8, 10, 10, 77, 0, 254);
  const { packet } = replied(packetOf("windows-routes"), described({ code: 121, hex: "080a0a4d00fe" }));
  expect(packet.options.others).toEqual(new Map([[249, routes]]));
});

test("a Mac that looks for NetBoot gets no answer, one that wants an address does", () => {
  expect(answer(packetOf("apple-netboot"), world())).toMatchObject({ do: "ignore", because: expect.stringContaining("BSDP") });
  expect(
    replied({ ...packetOf("apple-netboot"), options: { messageType: "discover" }, clientAddress: ipv4("0.0.0.0") }).packet.yourAddress,
  ).toBe("10.77.0.100");
});

test("OVMF's REQUEST says that it takes 65280 bytes, 255 with its bytes swapped: it gets one frame at most", () => {
  const request = decodePacket(new Uint8Array(readFileSync("test/fixtures/dhcp/ovmf-pxe-request.bin")));
  expect(request.options.maxMessageSize).toBe(0xff00);
  expect(answer(request, world())).toMatchObject({ room: { most: 1472 } });
});
