/** Every option reads back as it was written, and no bytes do worse than be refused. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { collect, encodeOptions, interpret, OPTIONS, type Options, type RawOptions } from "../../../bootstrapper/dhcp/options.ts";
import { ByteWriter } from "../../../bootstrapper/wire/bytes.ts";
import { WireError } from "../../../bootstrapper/wire/error.ts";
import { anyOptions } from "../../support/dhcp-arbitrary.ts";

const decode = (bytes: Uint8Array) => {
  const found: RawOptions = new Map();
  expect(collect(bytes, "the options", found)).toBe(true);
  return interpret(found);
};
const encode = (options: Options): Uint8Array => {
  const out = new ByteWriter();
  encodeOptions(options, out);
  return out.finish();
};
const raw = (...parts: readonly (readonly [code: number, ...bytes: number[]])[]): Uint8Array =>
  Uint8Array.from([...parts.flatMap(([code, ...bytes]) => [code, bytes.length, ...bytes]), 255]);

test("whatever options are written read back the same, long ones in several parts (RFC 3396)", () => {
  fc.assert(
    fc.property(anyOptions, (written) => {
      expect(decode(encode(written))).toEqual({ options: written, oddities: [] });
    }),
    { numRuns: 100 },
  );
});

test("a value over 255 bytes is the same option again (RFC 3396 §5)", () => {
  const bytes = encode({ userClass: new Uint8Array(600).fill(7) });
  expect([0, 257, 514].map((place) => [...bytes.subarray(place, place + 3)])).toEqual([
    [77, 255, 7],
    [77, 255, 7],
    [77, 90, 7],
  ]);
});

test("any bytes are options, or a WireError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600, size: "max" }), (bytes) => {
      const found: RawOptions = new Map();
      try {
        collect(bytes, "the options", found);
        interpret(found);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("no two rows share a code, and each cites where it comes from", () => {
  const rows = Object.values(OPTIONS);
  expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
  for (const { rfc } of rows) expect(rfc).toMatch(/^(RFC \d+ §|https:)/);
});

test("the relay's note is written last, behind everything else (RFC 3046 §2.1)", () => {
  const bytes = encode({
    relayAgent: Uint8Array.of(9),
    messageType: "ack",
    machineId: new Uint8Array(17),
    clientId: Uint8Array.of(1),
  });
  expect([...bytes.slice(-4)]).toEqual([82, 1, 9, 255]);
});

test.each([
  { when: "text ends with NULs (RFC 2132 §2)", raw: raw([12, 119, 49, 0, 0]), gets: { options: { hostname: "w1" }, oddities: [] } },
  { when: "an option has no bytes", raw: raw([12]), gets: { options: { hostname: "" }, oddities: [] } },
  {
    when: "padding stands between options",
    raw: Uint8Array.of(0, 0, 53, 1, 1, 0, 255, 99),
    gets: { options: { messageType: "discover" }, oddities: [] },
  },
  {
    when: "an option comes in two parts (RFC 3396)",
    raw: raw([60, 80, 88], [1, 255, 255, 255, 0], [60, 69]),
    gets: { options: { vendorClass: "PXE", subnetMask: "255.255.255.0" } },
  },
  {
    when: "no row knows an option, and keep its bytes",
    raw: raw([224, 1, 2, 3], [225], [224, 4]),
    gets: {
      options: {
        others: new Map([
          [224, Uint8Array.of(1, 2, 3, 4)],
          [225, new Uint8Array(0)],
        ]),
      },
      oddities: [],
    },
  },
  {
    when: "a machine id has the wrong length",
    raw: raw([97, 0, 1, 2]),
    gets: { options: {}, oddities: ["option 97 (machineId): expected 17 bytes, got 3"] },
  },
  {
    when: "a list is cut in the middle of an item",
    raw: raw([93, 0, 7, 0]),
    gets: { options: {}, oddities: ["option 93 (architectures): expected a multiple of 2 bytes, got 3"] },
  },
  {
    when: "a client name has a label over 63",
    raw: raw([81, 0, 0, 0, ...new Array(64).fill(97)]),
    gets: { options: {}, oddities: [expect.stringContaining("a label has more than 63 bytes")] },
  },
  {
    when: "a client name in DNS form says that too",
    raw: raw([81, 4, 0, 0, 64, 97]),
    gets: { options: {}, oddities: [expect.stringContaining("a label has more than 63 bytes")] },
  },
  {
    when: "a client name in DNS form runs over its end",
    raw: raw([81, 4, 0, 0, 9, 97]),
    gets: { options: {}, oddities: [expect.stringContaining("label is cut short")] },
  },
  {
    when: "a client name in DNS form has a dot in a label",
    raw: raw([81, 4, 0, 0, 3, 97, 46, 98]),
    gets: { options: {}, oddities: [expect.stringContaining("a label has a dot in it")] },
  },
  {
    when: "a client name in DNS form ends with the root",
    raw: raw([81, 5, 0, 0, 2, 119, 49, 0]),
    gets: { options: { clientName: { flags: 5, name: "w1" } }, oddities: [] },
  },
  {
    when: "a client name is followed by a lot of labels",
    raw: raw([81, 0, 0, 0, 97, 46, 98]),
    gets: { options: { clientName: { flags: 0, name: "a.b" } } },
  },
])("read options although $when", ({ raw, gets }) => {
  expect(decode(raw)).toMatchObject(gets);
});

test.each([
  { when: "the message type stands for nothing", raw: raw([53, 99]), gets: "option 53 (messageType): 99 stands for nothing" },
  { when: "the message type is said twice", raw: raw([53, 1], [53, 3]), gets: "option 53 (messageType): expected 1 bytes, got 2" },
  { when: "the server id is short", raw: raw([54, 10, 0, 1]), gets: "option 54 (serverId): expected 4 bytes, got 3" },
  { when: "the requested address is long", raw: raw([50, 10, 0, 0, 1, 1]), gets: "option 50 (requestedAddress): expected 4 bytes, got 5" },
  {
    when: "an option is cut short",
    raw: Uint8Array.of(12, 9, 119),
    gets: "option 12 in the options is cut short: 9 bytes expected, 1 left",
  },
  { when: "an option has no length", raw: Uint8Array.of(12), gets: "the length of option 12 in the options is cut short" },
])("refuse options when $when", ({ raw, gets }) => {
  expect(() => decode(raw)).toThrow(new RegExp(`^dhcp: ${gets.replace(/[()]/g, "\\$&")}`));
});
