import fc from "fast-check";
import { expect, test } from "vitest";
import { formatProblem, type Parsed, parse } from "../../cluster/parse.ts";
import { fixture } from "./golden.ts";

const FIXTURES = [
  "small.yml",
  "full.yml",
  "original.yml",
  "original-crowded.yml",
  "broken-words.yml",
  "broken-addresses.yml",
  "broken-services.yml",
].map(fixture);
const PIECES = [
  "*a",
  "&a ",
  "<<: ",
  "? ",
  ": ",
  "- ",
  "[",
  "]",
  "{",
  "}",
  "'",
  '"',
  "|\n",
  ">",
  "#",
  "!!int ",
  "---\n",
  "%YAML 1.1\n",
  "\t",
  "\n",
  "\r",
  "\0",
  "~",
].concat([
  "10.77.0.1",
  "null",
  "yes",
  "__proto__",
  "roles",
  "machines",
  "nodes",
  "y",
  "9".repeat(40),
  "-".repeat(90),
  "\u202e",
  "\ud800",
  "𝄞",
  "0",
  ".5",
]);

/** What must be true of every answer to every text. */
function isSound(text: string): Parsed {
  const parsed = parse(text, "fuzz.yml");
  const lines = text.split(/\r\n|\n/);
  const problems = [...(parsed.ok ? [] : parsed.problems), ...parsed.warnings];
  if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
  for (const problem of problems) {
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(lines.length);
    expect(problem.column).toBeGreaterThanOrEqual(1);
    expect(problem.column).toBeLessThanOrEqual(lines[problem.line - 1]!.length + 1);
    expect(problem.message).not.toBe("");
    expect(formatProblem(problem)).toMatch(/^fuzz\.yml:\d+:\d+: [^\p{Cc}\u2028\u2029\u202e]+$/u);
  }
  return parsed;
}

test("any text at all is answered, with problems that lie inside it", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 300, size: "max" }),
    fc.string({ unit: "binary", maxLength: 100 }),
    fc
      .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5 })), { maxLength: 60, size: "max" })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (one) => {
      isSound(one);
    }),
    { numRuns: 500 },
  );
});

test("any description with pieces cut out, put in and doubled is answered, with problems that lie inside it", () => {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat({ max: 40 }),
    put: fc.oneof(fc.constantFrom(...PIECES, ""), fc.string({ maxLength: 8 })),
  });
  const mutated = fc
    .record({ text: fc.constantFrom(...FIXTURES), edits: fc.array(edit, { minLength: 1, maxLength: 4 }) })
    .map(({ text, edits }) =>
      edits.reduce((before, { at, cut, put }) => {
        const from = Math.floor(at * before.length);
        return before.slice(0, from) + put + before.slice(from + cut);
      }, text),
    );
  fc.assert(
    fc.property(mutated, (text) => {
      isSound(text);
    }),
    { numRuns: 150 },
  );
});

test("any value in any field is answered", () => {
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(...PIECES),
      fc.string({ maxLength: 6 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      tie("list"),
      tie("block"),
    ),
    list: fc.array(tie("value"), { maxLength: 4 }),
    block: fc.dictionary(
      fc.constantFrom(
        "mac",
        "name",
        "address",
        "roles",
        "disk",
        "os",
        "target",
        "url",
        "sha256",
        "subnet",
        "range",
        "ip",
        "labels",
        "options",
        "subnets",
        "records",
        "forward",
        "keys",
        "zone",
        "servers",
        "may",
        "26",
        "domain-search",
        "__proto__",
      ),
      tie("value"),
      { maxKeys: 5 },
    ),
  }))["value"]!;
  const field = fc
    .constantFrom("cluster", "domain", "network", "dns", "os", "kubernetes", "sshKeys", "disk", "machines", "mirrors", "install")
    .chain((name) => value.map((it) => ({ [name]: it })));
  const old = fc
    .constantFrom(
      "bootstrapper",
      "subnet",
      "netmask",
      "iplow",
      "routers",
      "ceph",
      "images",
      "ssh_authorized_keys",
      "nodes",
      "coreos",
      "lease",
      "kube_master_ip",
    )
    .chain((name) => value.map((it) => ({ [name]: it })));
  // JSON is YAML, but for two escapes that say nothing here.
  const text = fc
    .oneof(fc.array(field, { maxLength: 8 }), fc.array(old, { maxLength: 8 }))
    .map((fields) => JSON.stringify(Object.assign({}, ...fields), null, 1));
  fc.assert(
    fc.property(text, (one) => {
      isSound(one);
    }),
    { numRuns: 300 },
  );
});
