import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse as fromYaml } from "yaml";
import { jsonSchema } from "../../cluster/json-schema.ts";
import { starter } from "../../cluster/starter.ts";
import { expectGolden, fixture } from "./golden.ts";

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true, formats: { ipv4: /^\d+\.\d+\.\d+\.\d+$/ } });
const validate = ajv.compile(jsonSchema());
/** As an editor sees it: YAML 1.2's own types. */
const faults = (text: string): readonly string[] =>
  validate(fromYaml(text)) ? [] : validate.errors!.map((one) => `${one.instancePath} ${one.message}`);

test("the committed copy for editors is current", () => {
  expectGolden("cluster/cluster-desc.schema.json", `${JSON.stringify(jsonSchema(), null, 2)}\n`);
});

test.each(["small.yml", "full.yml"])("%s has no fault in an editor", (name) => {
  expect(faults(fixture(name))).toEqual([]);
});

test("the starter has no fault but the placeholders of its MACs", () => {
  expect(faults(starter)).toEqual([0, 1, 2].map((index) => expect.stringMatching(`^/machines/${index}/mac must match pattern`)));
  expect(faults(starter.replaceAll("XX", "52"))).toEqual([]);
});

test.each([
  { when: "a field is unknown", change: ["domain:", "domian:"], fault: "must NOT have additional properties" },
  {
    when: "a word is not one of the known ones",
    change: ["pick: smallest", "pick: biggest"],
    fault: "/machines/2/disk/pick must be equal to one of the allowed values",
  },
  { when: "a field is missing", change: ["  bootstrapper: 10.77.0.1\n", ""], fault: "must have required property 'bootstrapper'" },
  { when: "a block is a word", change: ["{ minSize: 20G, pick: smallest }", "big"], fault: "/machines/2/disk must be object" },
  {
    when: "an address is none",
    change: ["bootstrapper: 10.77.0.1", "bootstrapper: here"],
    fault: '/network/bootstrapper must match format "ipv4"',
  },
  {
    when: "a DHCP option has no such name",
    change: ["routers:", "options: { domian-search: x }\n  routers:"],
    fault: "/network/options must match a schema in anyOf",
  },
  {
    when: "a DHCP option is one that only the server says",
    change: ["routers:", "options: { dhcp-message-type: 1 }\n  routers:"],
    fault: "/network/options must match a schema in anyOf",
  },
  {
    when: "a DHCP option's value is a block",
    change: ["routers:", "options: { mtu: { is: 1400 } }\n  routers:"],
    fault: "/network/options/mtu must match a schema in anyOf",
  },
  {
    when: "a key may do what there is not",
    change: ["os:", "dns: { keys: [{ name: k, may: [read] }] }\nos:"],
    fault: "/dns/keys/0/may/0 must be equal to one of the allowed values",
  },
] as const)("an editor complains when $when", ({ change: [from, to], fault }) => {
  expect(faults(fixture("small.yml").replace(from, to)).join("\n")).toContain(fault);
});

test("every field has a description", () => {
  const without: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { properties = {}, ...rest } = node as { properties?: Record<string, object> };
    for (const [name, field] of Object.entries(properties)) {
      if (!("description" in field)) without.push(`${path}.${name}`);
      visit(field, `${path}.${name}`);
    }
    for (const [name, value] of Object.entries(rest)) visit(value, Array.isArray(node) ? path : `${path}/${name}`);
  };
  visit(jsonSchema(), "");
  expect(without).toEqual([]);
});
