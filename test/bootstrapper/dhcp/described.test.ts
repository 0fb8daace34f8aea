/** DHCP options of the description: the most specific wins, and who asked gets them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { answer } from "../../../bootstrapper/dhcp/answer.ts";
import { optionsFrom, over } from "../../../bootstrapper/dhcp/described.ts";
import { encodeEach, type Options } from "../../../bootstrapper/dhcp/options.ts";
import { decodePacket, encodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import { ipv4 } from "../../../cluster/address.ts";
import type { Cluster, DhcpOption } from "../../../cluster/cluster.ts";
import { CP1, message, PXE, rack, STRANGER, world } from "../../support/dhcp.ts";

const text = (code: number, value: string): DhcpOption => ({ code, hex: Buffer.from(value).toString("hex") });
const withMachine = (cluster: Cluster, options: readonly DhcpOption[]): Cluster => ({
  ...cluster,
  machines: cluster.machines.map((machine) => (machine.mac === CP1 ? { ...machine, options } : machine)),
});
const told = (cluster: Cluster, options: Options = {}, mac = CP1): Options => {
  const decision = answer(message("discover", options, { mac }), world({ cluster }));
  if (decision.do !== "reply") throw new Error(decision.because);
  return decodePacket(encodePacket(decision.packet, decision.room)).options;
};
const rootPath = (options: Options): string | undefined => options.others?.get(17) && Buffer.from(options.others.get(17)!).toString();

test("a machine's option goes before the network's, and that before what follows from the description", () => {
  const cluster = withMachine(rack({ options: [text(17, "/network"), text(15, "network.test")] }), [text(17, "/machine")]);
  expect(rootPath(told(cluster))).toBe("/machine");
  expect(rootPath(told(cluster, {}, STRANGER))).toBe("/network");
  expect(told(cluster).domain).toBe("network.test");
});

test("an option is sent to who asks for it, and to all who do not say what they want", () => {
  const cluster = rack({ options: [text(17, "/root"), text(224, "mine")] });
  expect(told(cluster, { wanted: Uint8Array.of(1, 17) }).others).toEqual(new Map([[17, new Uint8Array(Buffer.from("/root"))]]));
  expect(told(cluster, { wanted: Uint8Array.of(1) })).not.toHaveProperty("others");
  expect([...(told(cluster).others ?? new Map()).keys()]).toEqual([17, 224]);
});

test("what boot loaders read but their firmware never asks for is always sent", () => {
  const cluster = rack({ options: [{ code: 150, hex: "0a4d0009" }, text(210, "/menus/")] });
  expect(told(cluster, { wanted: Uint8Array.of(1) })).toMatchObject({
    pxelinuxPrefix: "/menus/",
    others: new Map([[150, Uint8Array.of(10, 77, 0, 9)]]),
  });
});

test("what a machine boots is not a description's to say, unless it boots nothing of ours", () => {
  const cluster = rack({ options: [text(67, "theirs.efi"), text(66, "192.0.2.1"), text(60, "PXEClient"), { code: 43, hex: "0601" }] });
  expect(told(cluster, PXE["bios"])).toMatchObject({
    bootFile: "undionly.kpxe",
    bootServer: "10.77.0.1",
    vendorSpecific: Uint8Array.of(6, 1, 8, 255),
  });
  expect(told(cluster, PXE["ipxe"])).not.toHaveProperty("vendorClass");
  expect(told(cluster)).toMatchObject({ bootFile: "theirs.efi", bootServer: "192.0.2.1" });
});

test("routes come before the routers that they replace (RFC 3442)", () => {
  const cluster = rack({ options: [{ code: 121, hex: "080a0a4d00fe" }] });
  const decision = answer(message("discover", { wanted: Uint8Array.of(3, 121) }), world({ cluster }));
  const bytes = Buffer.from(decision.do === "reply" ? encodePacket(decision.packet) : []);
  expect(bytes.indexOf(Buffer.from([121, 6, 8, 10]))).toBeGreaterThan(240);
  expect(bytes.indexOf(Buffer.from([121, 6, 8, 10]))).toBeLessThan(bytes.indexOf(Buffer.from([3, 4, 10, 77])));
});

const described = fc.uniqueArray(
  fc.record({
    code: fc.integer({ min: 1, max: 254 }).filter((code) => ![50, 52, 53, 54].includes(code)),
    hex: fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  }),
  { maxLength: 8, selector: ({ code }) => code },
);
const written = (options: Options): Map<number, string> => {
  const { said, echoed } = encodeEach(options);
  return new Map([...said, ...echoed].map((bytes) => [bytes[0]!, Buffer.from(bytes.subarray(2)).toString("hex")]));
};

test("whatever bytes are described are the bytes that are written, and the more specific ones take the others' place", () => {
  fc.assert(
    fc.property(described, described, (general, specific) => {
      const expected = new Map([...general, ...specific].map(({ code, hex }) => [code, hex]));
      expect(written(over(optionsFrom(general), optionsFrom(specific)))).toEqual(expected);
    }),
    { endOnFailure: true },
  );
});

test.each([
  { says: { flags: 1, name: "printer.elsewhere" }, stranger: true, gets: { flags: 1, name: "printer.lab.test" } },
  { says: { flags: 0, name: "printer" }, stranger: true, gets: { flags: 1 | 2, name: "printer.lab.test" } },
  { says: { flags: 5, name: "printer" }, stranger: true, gets: { flags: 5, name: "printer.lab.test" } },
  { says: { flags: 1, name: "cp-1" }, stranger: true, gets: { flags: 8 | 2, name: "cp-1" } },
  { says: { flags: 1, name: "whatever" }, stranger: false, gets: { flags: 1, name: "cp-1.lab.test" } },
])(
  "a client that says its whole name $says.name ($says.flags) is told $gets.name ($gets.flags) (RFC 4702 §4)",
  ({ says, stranger, gets }) => {
    const address = ipv4(stranger ? "10.77.0.100" : "10.77.0.11");
    const request = message(
      "request",
      { clientName: says, serverId: ipv4("10.77.0.1"), requestedAddress: address },
      { mac: stranger ? STRANGER : CP1 },
    );
    const decision = answer(request, world());
    expect(decision.do === "reply" && decodePacket(encodePacket(decision.packet)).options.clientName).toEqual(gets);
  },
);

test("a client that would make up an address is told not to when there is none (RFC 2563), unless the description lets it; others hear nothing", () => {
  const full = world({ cluster: rack({ ranges: [{ first: ipv4("10.77.0.254"), last: ipv4("10.77.0.254") }] }) });
  expect(answer(message("discover", { autoConfigure: 1 }, { mac: STRANGER }), full)).toMatchObject({
    do: "reply",
    level: "warning",
    packet: { yourAddress: "0.0.0.0", options: { messageType: "offer", autoConfigure: 0 } },
    to: { to: "everyone" },
  });
  expect(answer(message("discover", {}, { mac: STRANGER }), full).do).toBe("ignore");
  const allowed = world({
    cluster: rack({ ranges: [{ first: ipv4("10.77.0.254"), last: ipv4("10.77.0.254") }], options: [{ code: 116, hex: "01" }] }),
  });
  expect(answer(message("discover", { autoConfigure: 1 }, { mac: STRANGER }), allowed)).toMatchObject({
    packet: { options: { autoConfigure: 1 } },
  });
  expect(answer(message("discover", { autoConfigure: 1 }, { mac: STRANGER }), world({ cluster: rack({ ranges: [] }) })).do).toBe("ignore");
});
