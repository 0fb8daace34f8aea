import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTsigKey, parseTsigKey, TSIG_SECRET_LENGTH, type TsigAlgorithm } from "../../../bsroot-builder/pki/tsig-file.ts";

test("what is written is read again", () => {
  const key = fc.record({
    name: fc.stringMatching(/^[a-z0-9]{1,10}(\.[a-z0-9-]{1,5})?$/),
    algorithm: fc.constantFrom(...(Object.keys(TSIG_SECRET_LENGTH) as TsigAlgorithm[])),
    secret: fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  });
  fc.assert(
    fc.property(key, (one) => {
      expect(parseTsigKey(formatTsigKey(one))).toEqual(one);
    }),
  );
});

test("a file is read as others write it", () => {
  expect(parseTsigKey('key "Extern.DNS." {\n  algorithm HMAC-SHA512;\n  secret "c2VjcmV0";\n};')).toEqual({
    name: "extern.dns",
    algorithm: "hmac-sha512",
    secret: "c2VjcmV0",
  });
  expect(parseTsigKey('key k { algorithm hmac-sha256; secret "c2VjcmV0"; };')).toMatchObject({ name: "k" });
});

test.each([
  { when: "it is empty", text: "" },
  { when: "its algorithm is broken by now", text: 'key "k" { algorithm hmac-md5; secret "c2VjcmV0"; };' },
  { when: "its secret is not base64", text: 'key "k" { algorithm hmac-sha256; secret "c2VjcmV"; };' },
  { when: "it has no secret", text: 'key "k" { algorithm hmac-sha256; };' },
  { when: "it holds a second key", text: 'key "k" { algorithm hmac-sha256; secret "c2VjcmV0"; }; key "l" {' },
])("a file is no key when $when", ({ text }) => {
  expect(parseTsigKey(text)).toBeUndefined();
});
