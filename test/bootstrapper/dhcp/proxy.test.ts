/** Where the site's own server gives the addresses: what we say, and how little. */
import { expect, test } from "vitest";
import type { Packet } from "../../../bootstrapper/dhcp/packet.ts";
import { answerProxy, type Heard } from "../../../bootstrapper/dhcp/proxy.ts";
import type { NextBoot } from "../../../bootstrapper/machines/machine.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { at, message, PXE, rack, SERVER, world } from "../../support/dhcp.ts";

const proxied = world({ cluster: rack({ dhcp: "proxy" }) });
const here = { clientAddress: ipv4("10.77.0.50") };

test.each([
  { who: "BIOS", send: PXE["bios"]!, file: "undionly.kpxe", vendorClass: "PXEClient" },
  { who: "UEFI", send: PXE["uefi"]!, file: "snponly-amd64.efi", vendorClass: "PXEClient" },
  { who: "HTTP boot", send: PXE["http"]!, file: "http://10.77.0.1/static/boot/ipxe-amd64.efi", vendorClass: "HTTPClient" },
  { who: "iPXE", send: PXE["ipxe"]!, file: "http://10.77.0.1/boot/52-54-00-77-00-01.ipxe", vendorClass: "PXEClient" },
])("$who is offered $file and no address", ({ send, file, vendorClass }) => {
  const decision = answerProxy(message("discover", { ...send, machineId: new Uint8Array(17) }), "dhcp", proxied);
  expect(decision).toMatchObject({
    do: "reply",
    to: { to: "everyone" },
    packet: {
      yourAddress: "0.0.0.0",
      serverAddress: "10.77.0.1",
      bootFile: file,
      options: { messageType: "offer", serverId: "10.77.0.1", vendorClass, machineId: new Uint8Array(17) },
    },
  });
  expect(decision.lease).toBeUndefined();
  for (const never of ["leaseTime", "subnetMask", "routers", "ipxe"])
    expect(decision.do === "reply" && decision.packet.options).not.toHaveProperty(never);
});

test("only BIOS is told not to look for boot servers: UEFI shall come again on port 4011", () => {
  const options = (send: (typeof PXE)[string]) => {
    const decision = answerProxy(message("discover", send), "dhcp", proxied);
    return decision.do === "reply" ? decision.packet.options : {};
  };
  expect(options(PXE["bios"]!)).toHaveProperty("vendorSpecific");
  expect(options(PXE["uefi"]!)).not.toHaveProperty("vendorSpecific");
});

test("who comes again on port 4011 is told there, at the address and port it asked from", () => {
  expect(answerProxy(message("request", PXE["uefi"], here), "pxe", proxied)).toMatchObject({
    do: "reply",
    to: { to: "sender" },
    packet: {
      clientAddress: "10.77.0.50",
      yourAddress: "0.0.0.0",
      bootFile: "snponly-amd64.efi",
      options: { messageType: "ack", vendorClass: "PXEClient" },
    },
  });
});

test("an offer through a relay goes back to it", () => {
  const decision = answerProxy(message("discover", PXE["bios"], { relayAddress: ipv4("10.77.0.254") }), "dhcp", proxied);
  expect(decision).toMatchObject({ to: { to: "relay", address: "10.77.0.254" } });
});

interface Row {
  readonly when: string;
  readonly send: Packet;
  readonly because: string;
  readonly heard?: Heard;
  readonly world?: typeof proxied;
}
const nothing = (): NextBoot => ({ do: "nothing", because: "it is retired" });

test.each<Row>([
  { when: "it wants only an address", send: message("discover"), because: "it wants only an address" },
  {
    when: "it takes the site's offer",
    send: message("request", { ...PXE["bios"], serverId: ipv4("10.77.0.2"), ...at("10.77.0.50") }),
    because: "the site's own DHCP server",
  },
  { when: "it gives its lease back", send: message("release", {}, here), because: "the site's own DHCP server" },
  {
    when: "it may not boot",
    send: message("discover", PXE["bios"]),
    world: { ...proxied, nextBoot: nothing },
    because: "nothing for it to boot; nothing: it is retired",
  },
  { when: "there is no loader for it", send: message("discover", { architectures: [14] }), because: "there is no loader for its firmware" },
  {
    when: "it discovers on port 4011",
    send: message("discover", PXE["bios"]),
    heard: "pxe",
    because: "the site's own DHCP server",
  },
  {
    when: "it asks another boot server on our port",
    send: message("request", { ...PXE["uefi"], serverId: ipv4("10.77.0.2") }, here),
    heard: "pxe",
    because: "it asks 10.77.0.2",
  },
  { when: "it is a reply", send: message("offer", PXE["bios"], { op: "reply" }), because: "another server's reply" },
])("nothing is said when $when", ({ send, because, heard = "dhcp", ...row }) => {
  expect(answerProxy(send, heard, row.world ?? proxied)).toMatchObject({ do: "ignore", because: expect.stringContaining(because) });
});

test("a chosen server that is us is fine on port 4011", () => {
  expect(answerProxy(message("request", { ...PXE["uefi"], serverId: SERVER }, here), "pxe", proxied).do).toBe("reply");
});
