import { expect, test } from "vitest";
import { changesBetween, inWords } from "../../bootstrapper/changes.ts";
import { DESCRIPTION, described } from "../support/description.ts";

const before = described();
const changed = (from: string, to: string): string => inWords(changesBetween(before, described(DESCRIPTION.replace(from, to))));

test("a description that says the same changes nothing", () => {
  expect(inWords(changesBetween(before, described()))).toBe("nothing in it is different");
});

test("machines are told by name: added, removed, and what of them changed", () => {
  const other = DESCRIPTION.replace(/ {2}- .*worker-2 .*\n/, '  - { mac: "52:54:00:00:00:99", name: worker-9 }\n').replace(
    ".21 }",
    ".31 }",
  );
  expect(inWords(changesBetween(before, described(other)))).toBe("worker-9 added, worker-2 removed, worker-1: address changed");
});

test("settings are told by their name in the description", () => {
  expect(changed("range: 127.0.0.100-", "range: 127.0.0.105-")).toBe("network.ranges changed");
  expect(changed("cluster: demo", "cluster: other")).toBe("name changed");
});

test("a description that is another one altogether is not told in full", () => {
  const many = Array.from({ length: 30 }, (_, index) => `change ${index}`);
  expect(inWords(many)).toMatch(/^change 0, .*change 11 and 18 more$/);
});
