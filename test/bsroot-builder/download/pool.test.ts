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

test("a lane never has more at a time than its width, and a full one keeps nobody of another waiting", async () => {
  const running = new Map<string, number>();
  let most = 0;
  let together = 0;
  const items = [..."aaaaaaaaaabbbc"];
  const results = await inParallel(
    items,
    5,
    async (lane) => {
      running.set(lane, (running.get(lane) ?? 0) + 1);
      most = Math.max(most, running.get(lane)!);
      together = Math.max(
        together,
        [...running.values()].reduce((sum, count) => sum + count, 0),
      );
      await new Promise((resolve) => setImmediate(resolve));
      running.set(lane, running.get(lane)! - 1);
      return lane;
    },
    { of: (lane) => lane, width: 2 },
  );
  expect(results.map((result) => (result.status === "fulfilled" ? result.value : ""))).toEqual(items);
  expect([most, together]).toEqual([2, 5]);
});
