import fc from "fast-check";
import { expect, test } from "vitest";
import { inParallel } from "../../../bsroot-builder/download/pool.ts";

test("never more at a time than asked, every result in its place, and a failure stops nobody", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), fc.integer({ min: 1, max: 8 }), async (good, jobs) => {
      let running = 0;
      let most = 0;
      const results = await inParallel([...good.entries()], jobs, async ([index, ok]) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (!ok) throw new Error(`${index}`);
        return index;
      });
      expect(most).toBe(Math.min(jobs, good.length));
      expect(results.map(({ status }) => status === "fulfilled")).toEqual(good);
      expect(results.map((result) => (result.status === "fulfilled" ? result.value : Number(result.reason.message)))).toEqual([
        ...good.keys(),
      ]);
    }),
  );
});
