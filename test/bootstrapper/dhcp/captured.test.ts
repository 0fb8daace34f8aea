/** Messages that real firmware sent, decoded and answered. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { answer } from "../../../bootstrapper/dhcp/answer.ts";
import { decodePacket, encodePacket, type Packet } from "../../../bootstrapper/dhcp/packet.ts";
import { CP1, W1, world } from "../../support/dhcp.ts";

const captured = (name: string): Packet => decodePacket(new Uint8Array(readFileSync(`test/fixtures/dhcp/${name}.bin`)));
const script = (dashed: string): string => `http://10.77.0.1/boot/${dashed}.ipxe`;

test.each([
  { file: "ipxe-rom-bios", mac: W1, address: "10.77.0.12", boots: script("52-54-00-77-00-02") },
  { file: "undionly", mac: W1, address: "10.77.0.12", boots: script("52-54-00-77-00-02") },
  { file: "ovmf-pxe", mac: CP1, address: "10.77.0.11", boots: "snponly-amd64.efi" },
  { file: "ipxe-uefi", mac: CP1, address: "10.77.0.11", boots: script("52-54-00-77-00-01") },
  { file: "ovmf-http", mac: CP1, address: "10.77.0.11", boots: "http://10.77.0.1/static/boot/ipxe-amd64.efi" },
])("$file is offered and given $address and $boots", ({ file, mac, address, boots }) => {
  for (const [asks, type] of [
    ["discover", "offer"],
    ["request", "ack"],
  ] as const) {
    const request = captured(`${file}-${asks}`);
    const decision = answer(request, world());
    if (decision.do !== "reply") throw new Error(decision.because);
    const reply = decodePacket(encodePacket(decision.packet));
    expect(reply).toEqual({ ...decision.packet, options: { ...decision.packet.options, bootFile: boots } });
    expect(reply).toMatchObject({
      op: "reply",
      mac,
      transaction: request.transaction,
      broadcast: request.broadcast,
      yourAddress: address,
      bootFile: boots,
    });
    expect(reply.options).toMatchObject({
      messageType: type,
      serverId: "10.77.0.1",
      bootFile: boots,
      subnetMask: "255.255.255.0",
    });
    expect(reply.options.machineId).toEqual(request.options.machineId);
    expect(reply.options.clientId).toEqual(request.options.clientId);
  }
});

test("firmware finds what it needs where another server's offer, which it booted from, had it", () => {
  for (const [theirs, request] of [
    ["dnsmasq-offer", "ovmf-pxe-discover"],
    ["dnsmasq-http-offer", "ovmf-http-discover"],
  ] as const) {
    const decision = answer(captured(request), world());
    if (decision.do !== "reply") throw new Error(decision.because);
    const needed = captured(theirs);
    expect(Object.keys(decision.packet.options)).toEqual(expect.arrayContaining(Object.keys(needed.options)));
    expect(decision.packet.options.vendorClass).toBe(needed.options.vendorClass);
    expect(decision.packet).toMatchObject({
      yourAddress: needed.yourAddress,
      serverAddress: needed.serverAddress,
      transaction: needed.transaction,
    });
  }
});

test("no reply is longer than the 548 bytes that every client takes (RFC 2131 §2)", () => {
  for (const file of ["ipxe-rom-bios", "undionly", "ovmf-pxe", "ipxe-uefi", "ovmf-http"]) {
    const decision = answer(captured(`${file}-discover`), world());
    expect(decision.do === "reply" && encodePacket(decision.packet).length).toBeLessThanOrEqual(548);
  }
});
