/** Whole messages, both ways; and whatever else may arrive on the port. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePacket, encodePacket, type Packet } from "../../../bootstrapper/dhcp/packet.ts";
import { WireError } from "../../../bootstrapper/wire/error.ts";
import { fromNumber, type Mac } from "../../../cluster/address.ts";
import { bytesOf, message, PXE } from "../../support/dhcp.ts";
import { anyOptions } from "../../support/dhcp-arbitrary.ts";

const FIXTURES = "test/fixtures/dhcp";
const captured = readdirSync(FIXTURES).filter((name) => name.endsWith(".bin"));
const bytesIn = (name: string): Uint8Array => new Uint8Array(readFileSync(`${FIXTURES}/${name}`));

const address = fc.nat({ max: 0xffffffff }).map(fromNumber);
const field = (most: number) =>
  fc.string({ unit: "binary", maxLength: most }).filter((value) => !value.includes("\0") && Buffer.byteLength(value) < most);
const packet: fc.Arbitrary<Packet> = fc.record({
  op: fc.constantFrom("request" as const, "reply" as const),
  hardwareType: fc.nat({ max: 255 }),
  hops: fc.nat({ max: 255 }),
  transaction: fc.nat({ max: 0xffffffff }),
  seconds: fc.nat({ max: 65535 }),
  broadcast: fc.boolean(),
  clientAddress: address,
  yourAddress: address,
  serverAddress: address,
  relayAddress: address,
  mac: fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString("hex").match(/../g)!.join(":") as Mac),
  serverName: field(64),
  bootFile: field(128),
  options: anyOptions,
  oddities: fc.constant([]),
});

test("whatever packet is written reads back the same, and is never shorter than 300 bytes", () => {
  fc.assert(
    fc.property(packet, (written) => {
      const bytes = encodePacket(written);
      expect(bytes.length).toBeGreaterThanOrEqual(300);
      expect(decodePacket(bytes)).toEqual(written);
    }),
    { numRuns: 100 },
  );
});

test("a short packet is padded to 300 bytes, behind its end mark (RFC 1542 §2.1)", () => {
  const bytes = bytesOf("discover");
  expect(bytes).toHaveLength(300);
  expect([...bytes.subarray(240)]).toEqual([53, 1, 1, 255, ...new Array(56).fill(0)]);
});

test("any bytes become a packet or a WireError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700, size: "max" }), (bytes) => {
      survives(bytes);
    }),
    { numRuns: 2000 },
  );
});

test("so do captured messages with bytes changed, cut off, repeated or put in", () => {
  const originals = captured.map(bytesIn);
  const change = fc.record({
    which: fc.nat({ max: originals.length - 1 }),
    at: fc.nat({ max: 420 }),
    drop: fc.nat({ max: 8 }),
    put: fc.uint8Array({ maxLength: 8 }),
    cut: fc.option(fc.nat({ max: 420 })),
  });
  fc.assert(
    fc.property(change, ({ which, at, drop, put, cut }) => {
      const bytes = [...originals[which]!];
      bytes.splice(at, drop, ...put);
      survives(Uint8Array.from(bytes.slice(0, cut ?? undefined)));
    }),
    { numRuns: 5000 },
  );
});

function survives(bytes: Uint8Array): void {
  try {
    const decoded = decodePacket(bytes);
    expect(decodePacket(encodePacket({ ...decoded, serverName: "", bootFile: "" }))).toEqual({
      ...decoded,
      serverName: "",
      bootFile: "",
      oddities: [],
    });
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
  }
}

test.each(captured)("%s decodes without a doubt and encodes to the same message", (name) => {
  const decoded = decodePacket(bytesIn(name));
  expect(decoded.oddities).toEqual([]);
  expect(decodePacket(encodePacket(decoded))).toEqual(decoded);
});

test("a message cut off anywhere is refused", () => {
  const whole = bytesOf("discover", PXE["uefi"]);
  const end = whole.lastIndexOf(255);
  for (let length = 0; length <= end; length += 1) {
    expect(() => decodePacket(whole.subarray(0, length)), `${length} of ${whole.length} bytes`).toThrow(WireError);
  }
  expect(() => decodePacket(whole.subarray(0, end + 1))).not.toThrow();
});

const changed = (at: number, value: number): Uint8Array => bytesOf("discover").map((byte, index) => (index === at ? value : byte));

test.each([
  { when: "op is neither request nor reply", bytes: changed(0, 3), gets: "op is 3, neither a request (1) nor a reply (2)" },
  { when: "the hardware address has no bytes", bytes: changed(2, 0), gets: "the hardware address has 0 bytes; only six are understood" },
  {
    when: "the hardware address has 255 bytes",
    bytes: changed(2, 255),
    gets: "the hardware address has 255 bytes; only six are understood",
  },
  { when: "the magic cookie is another's", bytes: changed(236, 0), gets: "the magic cookie is not DHCP's" },
  { when: "an option runs over the end", bytes: changed(241, 200), gets: "option 53 in the options is cut short" },
])("refuse a message when $when", ({ bytes, gets }) => {
  expect(() => decodePacket(bytes)).toThrow(`dhcp: ${gets}`);
});

test.each([
  { field: "bootFile", value: "x".repeat(128), gets: "file has room for 127 bytes" },
  { field: "serverName", value: "é".repeat(32), gets: "sname has room for 63 bytes" },
])("refuse to write a $field that its field cannot hold", ({ field, value, gets }) => {
  expect(() => encodePacket({ ...message("offer"), [field]: value })).toThrow(gets);
});

/** A message whose sname and file fields hold these bytes, and whose options say so (RFC 2132 §9.3). */
function overloaded(
  overload: number,
  fields: { readonly serverName?: readonly number[]; readonly bootFile?: readonly number[] },
): Uint8Array {
  const bytes = bytesOf("discover", { hostname: "front" });
  bytes.set(fields.serverName ?? [], 44);
  bytes.set(fields.bootFile ?? [], 108);
  const end = bytes.lastIndexOf(255);
  return Uint8Array.from([...bytes.subarray(0, end), 52, 1, overload, 255]);
}
const HOST = [12, 2, 104, 105, 255];
const CLASS = [60, 3, 80, 88, 69, 255];

test.each([
  {
    when: "file holds options",
    bytes: overloaded(1, { bootFile: CLASS, serverName: [104, 105] }),
    gets: { bootFile: "", serverName: "hi", options: { vendorClass: "PXE" } },
  },
  {
    when: "sname holds options",
    bytes: overloaded(2, { serverName: CLASS, bootFile: [104, 105] }),
    gets: { bootFile: "hi", serverName: "", options: { vendorClass: "PXE" } },
  },
  {
    when: "both do, file before sname",
    bytes: overloaded(3, { serverName: CLASS, bootFile: HOST }),
    gets: { options: { hostname: "fronthi", vendorClass: "PXE" } },
  },
  {
    when: "nothing says so",
    bytes: overloaded(0, { bootFile: CLASS }),
    gets: { bootFile: "<\u0003PXE\ufffd", options: { hostname: "front" } },
  },
  {
    when: "a field that holds options has no end mark",
    bytes: overloaded(1, { bootFile: CLASS.slice(0, -1) }),
    gets: { options: { vendorClass: "PXE" } },
  },
])("read options where they are: $when", ({ bytes, gets }) => {
  expect(decodePacket(bytes)).toMatchObject(gets);
});

test("an option that runs over the end of an overloaded field is refused", () => {
  expect(() => decodePacket(overloaded(2, { serverName: [12, 200] }))).toThrow("option 12 in the sname field is cut short");
});
