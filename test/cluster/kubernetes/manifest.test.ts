import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { called, type KubeObject, readManifest, writeManifest } from "../../../cluster/kubernetes/manifest.ts";

const configMap = (data: object): KubeObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data });
const dataOf = (yaml: string): unknown =>
  readManifest(`{ apiVersion: v1, kind: ConfigMap, metadata: { name: x }, data: ${yaml} }`)[0]!["data"];

describe("a manifest is read as Kubernetes reads it:", () => {
  test.each([
    { write: "0400", is: 256, because: "octal, as file modes are written" },
    { write: "yes", is: true, because: "true in YAML 1.1" },
    { write: "2021-01-01", is: "2021-01-01", because: "no date, as JSON has none" },
    { write: "1:30", is: "1:30", because: "no number of base sixty" },
    { write: '"no"', is: "no", because: "a text in quotes" },
  ])("$write is $is, $because", ({ write, is }) => {
    expect(dataOf(`{ it: ${write} }`)).toEqual({ it: is });
  });

  test("lists are taken apart, and empty documents are nothing", () => {
    const list =
      "---\n---\napiVersion: v1\nkind: List\nitems:\n  - { apiVersion: v1, kind: Secret, metadata: { name: a, namespace: b } }\n";
    expect(readManifest(list).map(called)).toEqual(["Secret b/a"]);
  });

  test.each([
    { write: "a: [", wrong: /is no YAML in document 1: / },
    { write: "---\nkind: Secret\n", wrong: "has no apiVersion, kind and metadata.name in document 1" },
    { write: "apiVersion: v1\nkind: Secret\nmetadata: { name: a }\n---\njust a text\n", wrong: "in document 2" },
  ])("$write is none", ({ write, wrong }) => {
    expect(() => readManifest(write)).toThrow(wrong);
  });
});

describe("a manifest that is written", () => {
  const words = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "yes",
      "No",
      "on",
      "0400",
      "0o17",
      "1e3",
      "0x1f",
      ".5",
      "1_000",
      "1:30",
      "2021-01-01",
      "~",
      "null",
      "=",

      "- a",
      "# b",
      "{",
      "%",
    ),
  );
  const values = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, words, fc.integer(), fc.boolean(), fc.array(tie("value")), fc.dictionary(words, tie("value"))),
  })).value;

  test("reads back as it was, in the YAML that Kubernetes reads and in that of everybody else", () => {
    fc.assert(
      fc.property(fc.dictionary(words, values, { noNullPrototype: true }), (data) => {
        const object = JSON.parse(JSON.stringify(configMap(data))) as KubeObject;
        const text = writeManifest([object, object]);
        expect(readManifest(text)).toEqual([object, object]);
        expect(parseAllDocuments(text).map((document) => "toJS" in document && (document.toJS() as unknown))).toEqual([object, object]);
      }),
    );
  });
});
