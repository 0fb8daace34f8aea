import fc from "fast-check";
import { expect, test } from "vitest";
import { Frames, framed } from "../../../bootstrapper/dns/tcp/frames.ts";

test("messages arrive whole, however the stream is cut", () => {
  const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300, size: "max" }), { maxLength: 5 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(framed));
      const frames = new Frames(300);
      const got: Buffer[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = cuts[turn % cuts.length]!;
        got.push(...frames.take(stream.subarray(at, at + size))!);
        at += size;
      }
      expect(got.map((message) => [...message])).toEqual(sent.map((message) => [...message]));
    }),
  );
});

test("a long message that comes byte by byte arrives whole too", () => {
  const frames = new Frames(0xffff);
  const message = Buffer.from(Array.from({ length: 5000 }, (_, index) => index & 255));
  const got = [...framed(message)].flatMap((byte) => frames.take(Buffer.of(byte))!);
  expect(got.map((one) => one.equals(message))).toEqual([true]);
});

test("a length of 0, or beyond what is taken, is a lie", () => {
  expect(new Frames(300).take(Buffer.of(0, 0))).toBeUndefined();
  expect(new Frames(300).take(Buffer.of(1, 45))).toBeUndefined();
  expect(new Frames(300).take(Buffer.of(1, 44))).toEqual([]);
});
