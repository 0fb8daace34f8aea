import fc from "fast-check";
import { expect, test } from "vitest";
import { netascii } from "../../../bootstrapper/tftp/netascii.ts";

const back = (text: string): string => text.replace(/\r[\n\0]/g, (pair) => (pair === "\r\n" ? "\n" : "\r"));

test("lines end with CR LF, and a CR of its own keeps a NUL behind it", () => {
  expect(Buffer.from(netascii(Buffer.from("a\nb\rc\r\n"))).toString()).toBe("a\r\nb\r\0c\r\0\r\n");
});

test("a client gets back exactly what the file held", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("\r", "\n", "a", "\0") }), (text) => {
      expect(back(Buffer.from(netascii(Buffer.from(text))).toString())).toBe(text);
    }),
  );
});
