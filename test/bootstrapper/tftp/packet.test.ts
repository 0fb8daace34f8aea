import fc from "fast-check";
import { expect, test } from "vitest";
import { decode, encode, type Packet } from "../../../bootstrapper/tftp/packet.ts";
import { WireError } from "../../../bootstrapper/wire/error.ts";

const word = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\0", ""));
const lower = fc.stringMatching(/^[a-z0-9]{1,12}$/);
const options = fc.array(fc.tuple(lower, word), { maxLength: 4 }).map((pairs) => new Map(pairs));
const uint16 = fc.nat({ max: 0xffff });
const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({ op: fc.constantFrom("read" as const, "write" as const), file: word, mode: lower, options }),
  fc.record({ op: fc.constant("data" as const), block: uint16, data: fc.uint8Array({ maxLength: 2000, size: "max" }) }),
  fc.record({ op: fc.constant("ack" as const), block: uint16 }),
  fc.record({ op: fc.constant("error" as const), code: uint16, message: word }),
  fc.record({
    op: fc.constant("oack" as const),
    options: options.filter((found) => found.size > 0),
  }),
);
const plain = (value: Packet): unknown => ("data" in value ? { ...value, data: [...value.data] } : value);

test("what is written is read back", () => {
  fc.assert(
    fc.property(packet, (value) => {
      expect(plain(decode(encode(value)))).toEqual(plain(value));
    }),
  );
});

test("any bytes become a packet or a WireError", () => {
  const likely = fc
    .tuple(fc.constantFrom(1, 2, 3, 4, 5, 6), fc.uint8Array({ maxLength: 700, size: "max" }))
    .map(([op, rest]) => Uint8Array.of(0, op, ...rest));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 700, size: "max" }), likely), (bytes) => {
      try {
        expect(decode(bytes).op).toMatch(/read|write|data|ack|error|oack/);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 2000 },
  );
});

const request = (rest: string): Uint8Array => Buffer.from(`\0\x01${rest}`, "latin1");

test.each([
  {
    when: "iPXE asks for its blocks and the size",
    rest: "undionly.kpxe\0octet\0blksize\x001432\0tsize\x000\0",
    reads: { blksize: "1432", tsize: "0" },
  },
  {
    when: "OVMF asks for windows",
    rest: "a.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0",
    reads: { tsize: "0", blksize: "1468", windowsize: "4" },
  },
  { when: "names are in capitals", rest: "a\0OCTET\0BLKSIZE\x00512\0", reads: { blksize: "512" } },
  { when: "an option's name only contains a known one", rest: "a\0octet\0foo_blksize_bar\x00512\0", reads: { foo_blksize_bar: "512" } },
  { when: "the last value has no NUL", rest: "a\0octet\0tsize\x000\0blksize\x001432", reads: { tsize: "0" } },
  { when: "an option has no value at all", rest: "a\0octet\0blksize\0", reads: {} },
  { when: "zeros pad the packet", rest: `a\0octet\0blksize\x00512\0${"\0".repeat(300)}`, reads: { blksize: "512" } },
  { when: "an option comes twice", rest: "a\0octet\0blksize\x00512\0blksize\x009\0", reads: { blksize: "512" } },
  { when: "an option is called __proto__", rest: "a\0octet\0__proto__\x001\0", reads: { ["__proto__"]: "1" } },
])("reads the options when $when", ({ rest, reads }) => {
  const found = decode(request(rest));
  expect(found).toMatchObject({ op: "read", mode: "octet" });
  expect([...(found as Packet & { op: "read" }).options]).toEqual(Object.entries(reads));
});

test.each([
  { when: "the file name has no NUL", bytes: request("undionly.kpxe"), says: "the file name has no end" },
  { when: "the mode has no NUL", bytes: request("undionly.kpxe\0octet"), says: 'the request for "undionly.kpxe" has no mode' },
  { when: "the name fills more than a request may hold", bytes: request(`${"a".repeat(600)}\0octet\0`), says: "the file name has no end" },
  { when: "there is one byte", bytes: Uint8Array.of(0), says: "a packet of 1 bytes" },
  { when: "there is nothing", bytes: new Uint8Array(), says: "a packet of 0 bytes" },
  { when: "the opcode is 7", bytes: Uint8Array.of(0, 7, 0, 0), says: "opcode 7" },
])("refuses a packet when $when", ({ bytes, says }) => {
  expect(() => decode(bytes)).toThrow(says);
});

test("an ACK may be padded, and an error's text may be long or without a NUL", () => {
  expect(decode(Uint8Array.of(0, 4, 1, 2, 0, 0, 0))).toEqual({ op: "ack", block: 0x102 });
  expect(decode(Buffer.from("\0\x05\0\x08no"))).toEqual({ op: "error", code: 8, message: "no" });
  const long = decode(Buffer.from(`\0\x05\0\x00${"x".repeat(5000)}\0`)) as Packet & { op: "error" };
  expect(long.message).toHaveLength(512);
});
