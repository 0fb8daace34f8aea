/** Versions in the order that dpkg has them in. */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareVersions } from "../../../../templates/os/debian/version.ts";

/** Each is older than the next. */
const RISING = [
  ["1.0~~", "1.0~rc1", "1.0", "1.0-1~bpo12+1", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0-2", "1.0a", "1.0+", "1.0.1-1", "1.10-1", "1:0.1-1"],
  ["0.120+deb11u1", "0.142", "0.142+deb12u3"],
  ["2.36-9", "2.36-9+deb12u9", "2.36-9+deb12u14"],
  ["6.1.99-1", "6.1.176-1"],
];

test.each(RISING)("from %s on each version is older than the next", (...versions) => {
  for (const [index, version] of versions.entries()) {
    expect(compareVersions(version, version)).toBe(0);
    for (const later of versions.slice(index + 1)) {
      expect(compareVersions(version, later), `${version} < ${later}`).toBeLessThan(0);
      expect(compareVersions(later, version), `${later} > ${version}`).toBeGreaterThan(0);
    }
  }
});

test("what is equal to dpkg is equal here", () => {
  for (const [a, b] of [
    ["1.0", "1.0-0"],
    ["0:1.0", "1.0"],
    ["1.01", "1.1"],
    ["1", "1.0"],
  ] as const) {
    const { status } = spawnSync("dpkg", ["--compare-versions", a, "eq", b]);
    expect(compareVersions(a, b) === 0, `${a} = ${b}`).toBe(status === 0);
  }
});

test("dpkg says the same of any two versions", () => {
  const part = fc.stringMatching(/^[0-9][0-9a-c.+~]{0,5}$/);
  const version = fc
    .tuple(fc.constantFrom("", "0:", "2:"), part, fc.constantFrom("", "-1", "-1~", "-0", "-1.2"))
    .map((parts) => parts.join(""));
  const pairs = fc.sample(fc.tuple(version, version), { numRuns: 40, seed: 7 });
  for (const [a, b] of pairs) {
    const order = compareVersions(a, b);
    const word = order < 0 ? "lt" : order > 0 ? "gt" : "eq";
    expect(spawnSync("dpkg", ["--compare-versions", a, word, b]).status, `${a} ${word} ${b}`).toBe(0);
  }
});
