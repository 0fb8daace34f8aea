/** The earliest key is always first, whatever was added, moved and taken out. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Soonest } from "../../bootstrapper/soonest.ts";

const time = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(Infinity, -Infinity));
const step = fc.record({ key: fc.nat({ max: 12 }), at: fc.option(time) });

test("it agrees with a sorted list", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const soonest = new Soonest<number>();
      const model = new Map<number, number>();
      for (const { key, at } of steps) {
        if (at === null) {
          soonest.delete(key);
          model.delete(key);
        } else {
          soonest.set(key, at);
          model.set(key, at);
        }
        expect(soonest.size).toBe(model.size);
        expect(soonest.first()?.at).toBe(model.size > 0 ? Math.min(...model.values()) : undefined);
      }
      while (model.size > 0) {
        const first = soonest.first()!;
        expect(first.at).toBe(Math.min(...model.values()));
        expect(model.get(first.key)).toBe(first.at);
        soonest.delete(first.key);
        model.delete(first.key);
      }
      expect(soonest.first()).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
