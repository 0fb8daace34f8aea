import { describe, expect, test } from "vitest";
import { readDocument } from "../../../cluster/description/document.ts";
import { parse } from "../../../cluster/parse.ts";
import { fixture } from "../golden.ts";

const small = fixture("small.yml");
const only = (text: string) => {
  const parsed = parse(text, "x");
  if (parsed.ok) throw new Error("no mistake was found");
  expect(parsed.problems).toHaveLength(1);
  return parsed.problems[0]!;
};

describe("what is no description is refused in one sentence", () => {
  test.each([
    { when: "the file is empty", text: "", message: "the file is empty; write a description" },
    { when: "only comments stand in it", text: "# nothing\n\n", message: "the file is empty" },
    { when: "it is null", text: "~", message: "the file is empty" },
    { when: "it is a list", text: "- a\n- b\n", message: "must be a block of fields; write fields such as cluster: demo" },
    { when: "it is a word", text: "hello", message: "must be a block of fields" },
    { when: "two documents stand in it", text: `${small}---\n${small}`, message: "a second document begins here" },
    { when: "it is nested without end", text: "[".repeat(5000), message: "nested too deeply" },
    { when: "a value is nested too deeply", text: `cluster: ${"[".repeat(30)}${"]".repeat(30)}`, message: "nested too deeply" },
    { when: "it is not UTF-8", text: "cluster: d\ufffdmo\n", message: "this is not UTF-8; save the file as UTF-8" },
    { when: "a key is a list", text: "[a, b]: c\n", message: "this is not a field's name" },
    { when: "a tag is used", text: "cluster: !!binary ZGVtbw==\n", message: "tags such as !!int are not used" },
  ])("when $when", ({ text, message }) => expect(only(text).message).toContain(message));

  test("a file of 10 MB is refused by its size alone, whatever stands in it", () => {
    for (const text of [`${small}# ${"x".repeat(10_000_000)}\n`, "[".repeat(10_000_000)]) {
      expect(only(text).message).toMatch(/^has 10\d{6} characters, too many for a cluster description; write at most 1000000$/);
    }
  });
});

describe("aliases", () => {
  const lines = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, index) => line(index)).join("\n");

  test("repeat a value or lend its fields", () => {
    const text = small
      .replace("disk: { minSize: 20G, pick: smallest }", "disk: &disk { minSize: 20G, pick: smallest }")
      .concat(
        '  - { mac: "52:54:00:77:00:14", name: w-3, disk: *disk }\n',
        '  - { mac: "52:54:00:77:00:15", name: w-4, disk: { <<: *disk, pick: largest } }\n',
      );
    expect(parse(text, "x")).toMatchObject({
      cluster: { machines: [{}, {}, {}, { disk: { minSize: 20e9, pick: "smallest" } }, { disk: { minSize: 20e9, pick: "largest" } }] },
    });
  });

  test("may repeat one rule for hundreds of machines", () => {
    const rack = lines(
      500,
      (index) =>
        `  - { mac: 52:54:00:78:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}, name: r-${index}, address: 10.77.${1 + (index >> 8)}.${index & 255}, disk: *disk }`,
    );
    const text = small.replace("/24", "/16").replace("disk: {", "disk: &disk {").concat(rack, "\n");
    expect(parse(text, "x")).toMatchObject({ ok: true });
  });

  test("that multiply are a bomb, defused where it would go off", () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${lines(
      12,
      (index) =>
        `k${index}: &k${index} [${Array(10)
          .fill(index ? `*k${index - 1}` : "*a")
          .join(", ")}]`,
    )}\n`;
    const { line, message } = only(bomb);
    expect(message).toBe("aliases repeat more than 100000 values from here on; write fewer");
    expect(line).toBeGreaterThan(1);
    expect(line).toBeLessThan(8);
  });

  test("that name nothing, or what they are inside of, say so", () => {
    expect(only("cluster: *none\n").message).toContain("*none repeats nothing, as no &none stands before it");
    expect(only("a: &a [*a]\n").message).toContain("*a repeats nothing");
    expect(only("a: &a\n  b: *a\n").message).toContain("*a repeats nothing");
  });

  test("lend only blocks", () => {
    expect(only(small.replace('{ mac: "52:54:00:77:00:12",', '{ <<: word, mac: "52:54:00:77:00:12",')).message).toContain(
      "<< does not name a block",
    );
  });
});

test("words stay as they are written, whatever YAML 1.1 or 1.2 would make of them", () => {
  const reading = readDocument(
    "{ a: 1.30, b: yes, c: 0x10, d: 1:20, e: 012, f: '', g: 2026-01-01, h: 525400123456, i: .inf, j: ~, k: , l: null }",
  );
  expect(reading.ok && { ...(reading.document.value as object) }).toEqual({
    ...{ a: "1.30", b: "yes", c: "0x10", d: "1:20", e: "012", f: "", g: "2026-01-01", h: "525400123456", i: ".inf" },
    ...{ j: undefined, k: undefined, l: undefined },
  });
});

test("a field written twice is found where it stands again, and the first is taken", () => {
  expect(only(small.replace("domain: demo.lan", "domain: demo.lan\ndomain: other.lan"))).toMatchObject({
    line: 4,
    column: 1,
    path: "domain",
    message: "is written twice, first on line 3; leave one of them out",
  });
});

test("fields with the names of an object's own parts are fields like others", () => {
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    expect(only(`${small}${name}: { a: b }\n`)).toMatchObject({ path: name, message: expect.stringContaining("is not a field here") });
    expect(parse(small.replace("pick: smallest }", `pick: smallest }, labels: { ${name}: x }`), "x")).toMatchObject({ ok: true });
  }
  expect(only(small.replace("pick: smallest }", "pick: smallest }, labels: { __proto__: x }"))).toMatchObject({
    path: "machines[2].labels.__proto__",
    message: "is no name for a field; leave it out",
  });
});

test("a carriage return before the line feed changes nothing", () => {
  expect(parse(small.replaceAll("\n", "\r\n"), "x")).toEqual(parse(small, "x"));
  expect(parse(`\ufeff${small}`, "x")).toEqual(parse(small, "x"));
});
