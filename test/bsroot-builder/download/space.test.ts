import fc from "fast-check";
import { expect, test } from "vitest";
import { inWords, Space } from "../../../bsroot-builder/download/space.ts";

const GB = 1e9;

test("two downloads that fit alone but not together: the second is refused", async () => {
  const space = new Space(async () => 10 * GB);
  await space.reserve(6 * GB);
  await expect(space.reserve(6 * GB)).rejects.toThrow(
    "needs 6.0 GB, and the disk has 2.1 GB too little; make room or choose another --out",
  );
});

test("what is given back can be promised again", async () => {
  const space = new Space(async () => 10 * GB);
  (await space.reserve(9 * GB)).giveBack();
  await expect(space.reserve(9 * GB)).resolves.toBeDefined();
});

test("bytes are not counted twice, as promised and as gone from the disk", async () => {
  let free = 10 * GB;
  const space = new Space(async () => free);
  const first = await space.reserve(6 * GB);
  first.spend(6 * GB);
  free -= 6 * GB;
  await expect(space.reserve(3 * GB)).resolves.toBeDefined();
});

test("whatever is reserved, spent and given back, nothing stays promised in the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(1e6), fc.nat(2e6)), { maxLength: 20 }), async (all) => {
      const space = new Space(async () => 100e6);
      for (const [bytes, spent] of all) {
        const reservation = await space.reserve(bytes);
        reservation.spend(spent);
        reservation.giveBack();
        reservation.giveBack();
      }
      await expect(space.reserve(30e6)).resolves.toBeDefined();
      await expect(space.reserve(10e6)).rejects.toThrow("too little");
    }),
  );
});

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1000, "1.0 KB"],
  [1_500_000, "1.5 MB"],
  [2e9, "2.0 GB"],
  [5e18, "5000.0 PB"],
])("%d is %s", (bytes, words) => {
  expect(inWords(bytes)).toBe(words);
});
