import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { der, elements, flags, integer, oid, sequence, TAG, time } from "../../../bsroot-builder/pki/der.ts";
import { ipBytes, ipPrinted } from "../../../bsroot-builder/pki/ip-bytes.ts";

/** As OpenSSL reads it: "OBJECT :X509v3 Subject Alternative Name". */
const openssl = (bytes: Uint8Array): string => execFileSync("openssl", ["asn1parse", "-inform", "DER"], { input: bytes, encoding: "utf8" });

test.each([0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000])("%i bytes are taken apart again as they were written", (length) => {
  const content = Buffer.alloc(length, "bytes ");
  const [first, second, ...others] = elements(Buffer.concat([der(TAG.octets, content), der(TAG.null)]));
  expect([first!.tag, content.equals(first!.content), second!.tag, second!.content.length, others]).toEqual([
    TAG.octets,
    true,
    TAG.null,
    0,
    [],
  ]);
});

test("bytes that are no DER end in a RangeError, and never in anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), (bytes) => {
      try {
        expect(Buffer.concat(elements(bytes).map(({ whole }) => whole))).toEqual(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
  expect(() => elements(Buffer.from("300500", "hex"))).toThrow(RangeError);
  expect(() => elements(Buffer.from("30", "hex"))).toThrow(RangeError);
  expect(() => elements(Buffer.from("3084ffffffff", "hex"))).toThrow(RangeError);
});

test("OpenSSL reads object identifiers, numbers and dates as they were meant", () => {
  const text = openssl(
    sequence(
      oid("1.2.840.113549.1.1.11"),
      oid("2.5.29.17"),
      integer(Buffer.from("ff01", "hex")),
      time(new Date("2049-12-31T23:59:59.999Z")),
      time(new Date("2050-01-01T00:00:00Z")),
    ),
  );
  expect(text).toMatch(
    /:sha256WithRSAEncryption\n.*:X509v3 Subject Alternative Name\n.*INTEGER +:FF01\n.*UTCTIME +:491231235959Z\n.*GENERALIZEDTIME +:20500101000000Z\n$/,
  );
});

test("flags are as short as they can be", () => {
  expect(flags(0, 2).toString("hex")).toBe("030205a0");
  expect(flags(0, 5, 6).toString("hex")).toBe("03020186");
  expect(flags(8).toString("hex")).toBe("0303070080");
});

test.each([
  { address: "10.0.255.1", hex: "0a00ff01", printed: "10.0.255.1" },
  { address: "::1", hex: `${"00".repeat(15)}01`, printed: "0:0:0:0:0:0:0:1" },
  { address: "::", hex: "00".repeat(16), printed: "0:0:0:0:0:0:0:0" },
  { address: "fd00:abcd::", hex: `fd00abcd${"00".repeat(12)}`, printed: "FD00:ABCD:0:0:0:0:0:0" },
  { address: "1:2:3:4:5:6:7:8", hex: "00010002000300040005000600070008", printed: "1:2:3:4:5:6:7:8" },
])("$address has its bytes and is printed as OpenSSL does", ({ address, hex, printed }) => {
  expect(ipBytes(address).toString("hex")).toBe(hex);
  expect(ipPrinted(address)).toBe(printed);
});
