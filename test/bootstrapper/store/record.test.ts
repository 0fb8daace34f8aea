import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeLines, encodeLine } from "../../../bootstrapper/store/record.ts";

const batches = fc.array(fc.array(fc.jsonValue(), { maxLength: 5 }), { minLength: 1, maxLength: 6 });
const written = (items: readonly (readonly unknown[])[]): Buffer =>
  Buffer.from(items.map((batch) => encodeLine(batch.map((item) => JSON.stringify(item)))).join(""));
/** JSON has one zero. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("a state file's lines", () => {
  test("read back as they were written", () => {
    fc.assert(
      fc.property(batches, (all) => {
        expect(decodeLines(written(all)).map(({ items }) => items)).toEqual(asJson(all));
      }),
    );
  });

  test("cut anywhere, all whole lines are still there and at most the last is spoilt", () => {
    fc.assert(
      fc.property(batches, fc.nat(), (all, where) => {
        const bytes = written(all);
        const lines = decodeLines(bytes.subarray(0, where % bytes.length));
        const whole = lines.filter(({ items }) => items).map(({ items }) => items);
        expect(whole).toEqual(asJson(all.slice(0, whole.length)));
        expect(lines.slice(0, -1).every(({ items }) => items)).toBe(true);
      }),
    );
  });

  test("with any one byte changed, no line says anything that was not written", () => {
    fc.assert(
      fc.property(batches, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, where, flip) => {
        const bytes = written(all);
        bytes[where % bytes.length]! ^= flip;
        const said = new Set(all.map((batch) => JSON.stringify(batch)));
        for (const { items } of decodeLines(bytes)) expect(items === undefined || said.has(JSON.stringify(items))).toBe(true);
      }),
    );
  });

  test("made of any bytes at all, they are read without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeLines(bytes);
      }),
    );
  });
});
