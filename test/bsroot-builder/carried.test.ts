import { describe, expect, test } from "vitest";
import { imagesIn, imagesOfPlan } from "../../bsroot-builder/carried.ts";

const POD = `apiVersion: v1
kind: Pod
spec:
  initContainers: [{ name: a, image: busybox }]
  containers:
    - name: b
      image: quay.io/calico/node:v3.32.2
      args: [--image=not/this:1]
---
apiVersion: apps/v1
kind: DaemonSet
spec: { template: { spec: { containers: [{ image: "ghcr.io/flannel-io/flannel@sha256:${"a".repeat(64)}" }] } } }
`;

describe("the images of manifests", () => {
  test("are found wherever they stand, in every document, by whole name", () => {
    expect(imagesIn(POD)).toEqual([
      "docker.io/library/busybox:latest",
      "quay.io/calico/node:v3.32.2",
      `ghcr.io/flannel-io/flannel@sha256:${"a".repeat(64)}`,
    ]);
  });

  test("are not what a definition of a resource calls image", () => {
    expect(imagesIn("properties: { image: { type: string, default: nginx } }")).toEqual([]);
  });

  test("are found in YAML and JSON only", () => {
    const file = (path: string) => ({ path, mode: 0o644, content: { text: '{"spec":{"image":"quay.io/a/b:1"}}' } });
    expect(imagesOfPlan({ files: [file("/etc/kubernetes/manifests/x.json"), file("/etc/motd")] })).toEqual(["quay.io/a/b:1"]);
  });

  test("are an error when they are none", () => {
    expect(() => imagesIn("image: Not A Name")).toThrow(/is no name of a container image/);
  });

  test("of a text that is no YAML are none", () => {
    expect(imagesIn("{ unfinished")).toEqual([]);
    expect(imagesIn("")).toEqual([]);
  });
});
