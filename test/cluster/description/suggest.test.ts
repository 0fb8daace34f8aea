import fc from "fast-check";
import { expect, test } from "vitest";
import { distance, nearest } from "../../../cluster/description/suggest.ts";

const FIELDS = ["cluster", "domain", "network", "sshKeys", "machines", "mirrors"];

test.each([
  { write: "netwrok", meant: "network" },
  { write: "Network", meant: "network" },
  { write: "ssh_keys", meant: "sshKeys" },
  { write: "machine", meant: "machines" },
  { write: "mirors", meant: "mirrors" },
  { write: "colour", meant: undefined },
  { write: "", meant: undefined },
  { write: "machines".repeat(100), meant: undefined },
])("who writes $write meant $meant", ({ write, meant }) => expect(nearest(write, FIELDS)).toBe(meant));

test("two letters that changed places are one slip", () => {
  expect(distance("netwrok", "network")).toBe(1);
  expect(distance("kitten", "sitting")).toBe(3);
});

test("a distance is none to itself, the same both ways and never more than the longer word", () => {
  const word = fc.string({ maxLength: 12, unit: fc.constantFrom("a", "b", "c") });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const between = distance(a, b);
      expect(between === 0).toBe(a === b);
      expect(between).toBe(distance(b, a));
      expect(between).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(between).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});
