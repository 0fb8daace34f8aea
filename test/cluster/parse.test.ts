import { describe, expect, test } from "vitest";
import { formatProblem, parse } from "../../cluster/parse.ts";
import { expectGolden, fixture } from "./golden.ts";

const said = (name: string): string => {
  const parsed = parse(fixture(name), name);
  const problems = parsed.ok ? [] : parsed.problems.map(formatProblem);
  return [...problems, ...parsed.warnings.map((one) => `warning: ${formatProblem(one)}`), ""].join("\n");
};

const BROKEN = ["broken-words", "broken-fields", "broken-addresses", "broken-services", "broken-original", "broken-yaml"];

describe("every mistake is said at once, with its line, its field and the way out", () => {
  test.each(BROKEN)("in %s.yml", (name) => {
    expect(parse(fixture(`${name}.yml`), name).ok).toBe(false);
    expectGolden(`test/golden/cluster/${name}.txt`, said(`${name}.yml`));
  });

  test("each is a sentence that says what to write or to leave", () => {
    for (const name of BROKEN) {
      const parsed = parse(fixture(`${name}.yml`), name);
      for (const { message } of [...(parsed.ok ? [] : parsed.problems), ...parsed.warnings]) {
        expect(message).toMatch(/; .*\b(write|leave|make|delete|kept|save)\b/);
      }
    }
  });
});

describe("a description without mistakes becomes a Cluster", () => {
  test.each(["small", "full", "original", "original-crowded"])("from %s.yml", (name) => {
    const parsed = parse(fixture(`${name}.yml`), name);
    expect(parsed).toMatchObject({ ok: true });
    const cluster = parsed.ok && parsed.cluster;
    const text = JSON.stringify(cluster, (_, value) => (value === Number.POSITIVE_INFINITY ? "Infinity" : value), 2);
    expectGolden(`test/golden/cluster/${name}.json`, `${text}\n`);
  });

  test("without a warning when there is nothing to warn of", () => {
    for (const name of ["small.yml", "full.yml"]) expect(said(name)).toBe("");
  });

  test("that nobody can change", () => {
    const parsed = parse(fixture("small.yml"), "small.yml");
    if (!parsed.ok) throw new Error("small.yml has mistakes");
    expect(() => Object.assign(parsed.cluster.machines[0]!, { name: "other" })).toThrow(TypeError);
    expect(() => Object.assign(parsed.cluster.network, { lease: 1 })).toThrow(TypeError);
  });
});

describe("the 2016 form", () => {
  test.each(["original", "original-crowded"])("is told of each field without effect in %s.yml, and read all the same", (name) => {
    expectGolden(`test/golden/cluster/${name}.txt`, said(`${name}.yml`));
  });

  test("lets unlisted machines become plain workers; ours only shows them", () => {
    expect(parse(fixture("original.yml"), "x")).toMatchObject({ cluster: { unlisted: { become: "worker" } } });
    expect(parse(fixture("small.yml"), "x")).toMatchObject({ cluster: { unlisted: { become: "discovered" } } });
  });
});
