/** Names of container images, as people write them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imageReference, registryUrl } from "../../cluster/image-reference.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

test.each([
  { text: "nginx", name: "docker.io/library/nginx:latest" },
  { text: "nginx:1.27", name: "docker.io/library/nginx:1.27" },
  { text: "flannel/flannel:v0.27.0", name: "docker.io/flannel/flannel:v0.27.0" },
  { text: "docker.io/library/nginx:1.27", name: "docker.io/library/nginx:1.27" },
  { text: "registry.k8s.io/coredns/coredns:v1.12.1", name: "registry.k8s.io/coredns/coredns:v1.12.1" },
  { text: "localhost:5000/thing:1", name: "localhost:5000/thing:1" },
  { text: "Quay.io/calico/node:v3.30.0", name: "quay.io/calico/node:v3.30.0" },
  { text: `registry.k8s.io/pause@${DIGEST}`, name: `registry.k8s.io/pause@${DIGEST}` },
  { text: `registry.k8s.io/pause:3.10@${DIGEST}`, name: `registry.k8s.io/pause@${DIGEST}` },
])("$text is $name", ({ text, name }) => {
  expect(imageReference(text).name).toBe(name);
});

test("Docker Hub's registry has a name of its own", () => {
  expect(registryUrl(imageReference("nginx"), "manifests", "latest")).toBe(
    "https://registry-1.docker.io/v2/library/nginx/manifests/latest",
  );
  expect(registryUrl(imageReference("quay.io/a/b:1"), "blobs", DIGEST)).toBe(`https://quay.io/v2/a/b/blobs/${DIGEST}`);
});

describe("what no registry would understand is refused in words", () => {
  test.each([
    { text: "", because: "a part of it is empty" },
    { text: "nginx:", because: '"" is no tag' },
    { text: "UPPER/case", because: '"UPPER" has other than lower-case letters' },
    { text: "registry.k8s.io//pause", because: "a part of it is empty" },
    { text: "registry.k8s.io/../pause:1", because: '".." has other than' },
    { text: "nginx@sha256:12", because: "after @ stands sha256: and 64 hex digits" },
    { text: `nginx@${DIGEST}@${DIGEST}`, because: "after @ stands" },
    { text: `${"a/".repeat(150)}b`, because: "longer than 255" },
    { text: "nginx:1 2", because: "is no tag" },
  ])("$text", ({ text, because }) => {
    expect(() => imageReference(text)).toThrow(because);
  });
});

test("any text becomes a name or a TypeError, and a name stays what it is when it is read again", () => {
  const piece = fc.oneof(
    fc.constantFrom("docker.io", "registry.k8s.io", "a", "b-c", "..", ":", "/", "@", DIGEST, "1.2", "localhost:5000"),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      let made: ReturnType<typeof imageReference>;
      try {
        made = imageReference(pieces.join(""));
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      expect(imageReference(made.name)).toEqual({ ...made, ...(made.digest && { tag: undefined }) });
      expect(made.repository.split("/")).not.toContain("..");
    }),
    { numRuns: 2000 },
  );
});
