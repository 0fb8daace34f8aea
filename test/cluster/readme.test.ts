import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse as fromYaml } from "yaml";
import { jsonSchema } from "../../cluster/json-schema.ts";
import { formatProblem, parse } from "../../cluster/parse.ts";

const readme = readFileSync("README.md", "utf8");
const examples = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDc5JAWo8S56rAkPZ0xJU21i4ZTaqvDt7M8KacHfEonq you@laptop";

describe("the README's", () => {
  const [whole, ...parts] = examples;

  test("first example is a whole description", () => {
    expect(said(fromYaml(whole!))).toEqual([]);
  });

  test.each(parts)("other example is a good part of it:\n%s", (part) => {
    expect(said({ ...fromYaml(whole!), ...fromYaml(part) })).toEqual([]);
  });

  test("table has every field of the two upper levels", () => {
    const schema = jsonSchema() as { properties: Record<string, { properties?: Record<string, unknown> }> };
    const rows = readme.split("\n").filter((line) => line.startsWith("| `"));
    for (const [name, { properties = {} }] of Object.entries(schema.properties)) {
      const own = rows.filter((row) => row.includes(`\`${name}`)).join("\n");
      expect([name, own]).not.toEqual([name, ""]);
      for (const field of Object.keys(properties)) expect(own).toMatch(new RegExp(`\\b${field}\\b`));
    }
  });
});

function said(description: Record<string, unknown>): readonly string[] {
  const parsed = parse(JSON.stringify({ ...description, sshKeys: [KEY] }), "README.md");
  return [...(parsed.ok ? [] : parsed.problems), ...parsed.warnings].map(formatProblem);
}
