import { expect, test } from "vitest";
import { NameError, namelessLink, namesOf } from "../../../bsroot-builder/images/names.ts";
import type { Pulled } from "../../../bsroot-builder/images/storage.ts";
import { imageReference } from "../../../cluster/image-reference.ts";
import { cluster } from "../../templates/sample.ts";

const pulled = (name: string, letter = "a"): Pulled => {
  const digest = `sha256:${letter.repeat(64)}`;
  return { reference: imageReference(name), digest, manifests: [digest], blobs: [] };
};
const tagsOf = (names: readonly Pulled[], rack = cluster([])): readonly string[] =>
  namesOf(names, rack).flatMap(({ path }) => /repositories\/(.*)\/_manifests\/tags\/[^/]+\/current/.exec(path)?.[1] ?? []);

test("an image is known by its whole name, and where nodes do not know its registry, without that too", () => {
  expect(tagsOf([pulled("quay.io/a/b:1"), pulled("nvcr.io/nvidia/k8s-device-plugin:v0.18.2")])).toEqual([
    "quay.io/a/b",
    "nvcr.io/nvidia/k8s-device-plugin",
    "nvidia/k8s-device-plugin",
  ]);
  expect(tagsOf([pulled("nvcr.io/a/b:1")], cluster([], { images: ["nvcr.io/other/thing:1"] }))).toEqual(["nvcr.io/a/b"]);
});

test("two that one name would mean are an error, unless they are the same", () => {
  expect(() => namesOf([pulled("a.example/x/y:1"), pulled("b.example/x/y:1", "b")], cluster([]))).toThrow(NameError);
  expect(() => namesOf([pulled("a.example/x/y:1"), pulled("b.example/x/y:1", "b")], cluster([]))).toThrow(
    "b.example/x/y:1: nodes could not tell it from a.example/x/y:1; write one of them below images:",
  );
  expect(tagsOf([pulled("a.example/x/y:1"), pulled("b.example/x/y:1")])).toEqual(["a.example/x/y", "b.example/x/y", "x/y"]);
});

test("what makes a name known without its origin is a file of its tag or of its digest", () => {
  expect(namelessLink("quay.io/a/b:1", cluster([]))).toBeUndefined();
  expect(namelessLink("nvcr.io/a/b:1", cluster([]))).toMatch(/repositories\/a\/b\/_manifests\/tags\/1\/current\/link$/);
  expect(namelessLink(`nvcr.io/a/b@sha256:${"a".repeat(64)}`, cluster([]))).toMatch(
    /repositories\/a\/b\/_manifests\/revisions\/sha256\/a{64}\/link$/,
  );
});
