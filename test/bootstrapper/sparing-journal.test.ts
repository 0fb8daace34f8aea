import { expect, test } from "vitest";
import type { JournalEntry } from "../../bootstrapper/journal.ts";
import { sparing } from "../../bootstrapper/sparing-journal.ts";

test("complaints beyond the limit of a minute are left out and counted", () => {
  const kept: Omit<JournalEntry, "at">[] = [];
  let now = 1_000_000;
  const complain = sparing(
    (entry) => kept.push(entry),
    () => now,
    2,
  );
  for (const text of ["a", "b", "c", "d"]) complain({ from: "tftp", level: "refused", text });
  expect(kept.map(({ text }) => text)).toEqual(["a", "b"]);

  now += 60_000;
  complain({ from: "tftp", level: "refused", text: "e" });
  expect(kept.map(({ text }) => text).slice(2)).toEqual(["left out 2 more complaints: more than 2 in a minute", "e"]);

  now += 60_000;
  complain({ from: "tftp", level: "refused", text: "f" });
  expect(kept.at(-1)?.text).toBe("f");
  expect(kept).toHaveLength(5);
});
