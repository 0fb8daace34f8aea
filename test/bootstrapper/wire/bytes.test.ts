/** Reading never looks past the end; what was written reads back. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../../bootstrapper/wire/bytes.ts";
import { WireError } from "../../../bootstrapper/wire/error.ts";

test("numbers and bytes read back as they were written, whatever room was expected", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 40 }),
      fc.array(fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 65535 }), fc.nat({ max: 0xffffffff }), fc.uint8Array({ maxLength: 300 }))),
      (expected, rows) => {
        const out = new ByteWriter(expected);
        for (const [a, b, c, bytes] of rows) out.uint8(a).uint16(b).uint32(c).zeros(3).uint16(bytes.length).bytes(bytes);
        const reader = new ByteReader("test", out.finish());
        for (const [a, b, c, bytes] of rows) {
          expect([reader.uint8("a"), reader.uint16("b"), reader.uint32("c")]).toEqual([a, b, c]);
          expect(reader.take(3, "zeros")).toEqual(new Uint8Array(3));
          expect(reader.take(reader.uint16("length"), "bytes")).toEqual(bytes);
        }
        expect(reader.left).toBe(0);
        expect(reader.at).toBe(out.length);
      },
    ),
  );
});

test("a field that is cut short is a WireError that says which, and how much is there", () => {
  const reader = new ByteReader("dhcp", Uint8Array.of(1, 2, 3));
  reader.uint16("flags");
  expect(() => reader.uint16("xid")).toThrow(new WireError("dhcp", "xid is cut short: 2 bytes expected, 1 left"));
  expect(reader.rest()).toEqual(Uint8Array.of(3));
});
