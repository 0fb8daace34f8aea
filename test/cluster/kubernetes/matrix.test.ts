import { describe, expect, test } from "vitest";
import { componentsFor } from "../../../cluster/kubernetes/components.ts";
import { gaps, needs, objections, skewOf } from "../../../cluster/kubernetes/matrix.ts";
import { compare } from "../../../cluster/kubernetes/version.ts";

const said = (kubernetes: string, versions: Record<string, string>) =>
  objections(kubernetes, versions).map(({ is, message }) => `${is}: ${message}`);

describe("versions that do not go together", () => {
  test.each([
    {
      kubernetes: "1.36.4",
      versions: { containerd: "1.7.28" },
      says: /^refused: containerd 1\.7\.28 does not work .* Kubernetes 1\.35 was the last/,
    },
    { kubernetes: "1.36", versions: { containerd: "2.1.5" }, says: /^untested: .*from 2\.2\.0 on \(containerd, RELEASES\.md/ },
    { kubernetes: "1.26.0", versions: { containerd: "1.5.18" }, says: /^refused: .*CRI v1 only/ },
    { kubernetes: "1.20.2", versions: { containerd: "2.0.0" }, says: /^refused: .*CRI v1alpha2/ },
    { kubernetes: "1.32.1", versions: { etcd: "3.6.4-0" }, says: /^refused: etcd 3\.6\.4-0 does not work/ },
    { kubernetes: "1.37.0", versions: { etcd: "3.5.21-0" }, says: /^refused: .*before 3\.5\.24/ },
  ])("$versions with $kubernetes are named with reason, source and way out", ({ kubernetes, versions, says }) => {
    const [first, ...more] = said(kubernetes, versions);
    expect(first).toMatch(says);
    expect(first).toMatch(/\(.+\); write /);
    expect(more).toEqual([]);
  });

  test.each([
    { kubernetes: "1.35.9", versions: { containerd: "1.7.28" } },
    { kubernetes: "1.36.0", versions: { containerd: "2.2.0" } },
    { kubernetes: "1.22.9", versions: { containerd: "1.7.28" } },
    { kubernetes: "1.33.0", versions: { etcd: "3.6.0-0" } },
    { kubernetes: "1.37.1", versions: { etcd: "3.5.24-0" } },
  ])("$versions with $kubernetes are not", ({ kubernetes, versions }) => {
    expect(said(kubernetes, versions)).toEqual([]);
  });

  test.each(["1.20.2", "1.22.0", "1.23.0", "1.26.3", "1.34.1", "1.35", "1.36", "1.37.1", "1.40.0"])(
    "are not what we take with %s ourselves",
    (kubernetes) => {
      expect(said(kubernetes, componentsFor(kubernetes, {}))).toEqual([]);
    },
  );
});

describe("a kubelet", () => {
  test.each([
    { kubelet: "1.36.1", apiServer: "1.36.4", because: undefined },
    { kubelet: "1.33.9", apiServer: "1.36.4", because: undefined },
    { kubelet: "1.32.9", apiServer: "1.36.4", because: /at most 3 minor releases behind/ },
    { kubelet: "1.37.0", apiServer: "1.36.4", because: /not be newer/ },
    { kubelet: "1.24.0", apiServer: "1.27.0", because: /at most 2 minor releases behind/ },
  ])("$kubelet under API servers $apiServer: $because", ({ kubelet, apiServer, because }) => {
    if (because) expect(skewOf(kubelet, apiServer)).toMatch(because);
    else expect(skewOf(kubelet, apiServer)).toBeUndefined();
  });
});

test("an upgrade that would skip a minor release is found, in whatever order releases are written", () => {
  expect(gaps(["1.37.0", "1.34.2", "1.35.1"])).toEqual([{ after: "1.35.1", before: "1.37.0" }]);
  expect(gaps(["1.36", "1.35.4", "1.36.1", "1.34.0"])).toEqual([]);
});

test("what an operating system must bring is said of those it concerns", () => {
  const lts = { target: "flatcar", channel: "lts", version: "4081.3.10" } as Parameters<typeof needs>[1];
  expect(needs("1.36.4", lts).map(({ what }) => what)).toEqual(["the containerd that is carried along"]);
  expect(needs("1.35.4", lts)).toEqual([]);
  const enterprise = (version: string) => ({ target: "enterprise-linux", distribution: "rocky", version }) as const;
  expect(needs("1.35.4", enterprise("10.1")).map(({ what }) => what)).toEqual(["the package kernel-modules-extra"]);
  expect(needs("1.35.4", enterprise("9"))).toEqual([]);
});

test("versions are numbers, compared as far as both go", () => {
  expect(compare("1.9.0", "1.10.0")).toBeLessThan(0);
  expect(compare("v1.14.2", "1.14.1")).toBeGreaterThan(0);
  expect(compare("3.6.8-0", "3.6.8")).toBe(0);
  expect(compare("1.36.4", "1.36")).toBe(0);
});
