import { describe, expect, test } from "vitest";
import type { Cluster } from "../../../cluster/cluster.ts";
import { kubeadmTags, releaseImages, releaseQuestions, releasesOf } from "../../../cluster/kubernetes/releases.ts";
import { formatProblem, parse } from "../../../cluster/parse.ts";
import { LockError, resolve } from "../../../cluster/resolve.ts";
import { description } from "../../support/workshop.ts";

const parsed = (kubernetes: string, machines?: readonly string[]) =>
  parse(`${description({ ...(machines && { machines }) })}kubernetes: ${kubernetes}\n`, "d.yml");
function cluster(kubernetes: string): Cluster {
  const outcome = parsed(kubernetes);
  if (!outcome.ok) throw new Error(outcome.problems.map(formatProblem).join("\n"));
  return outcome.cluster;
}
const keys = (one: Cluster, known = {}) => releaseQuestions(one, known).map(({ key }) => key);
const TAGS = "coredns v1.14.3 etcd 3.6.9-0 pause 3.10.2";

describe("a release", () => {
  test("that is exact and known asks for nothing", () => {
    expect(keys(cluster("{ version: v1.37.1 }"))).toEqual([]);
  });

  test.each([
    { written: "1.37", key: "kubernetes/1.37", url: "https://dl.k8s.io/release/stable-1.37.txt" },
    { written: "current", key: "kubernetes/current", url: "https://dl.k8s.io/release/stable.txt" },
  ])("$written is looked up", ({ written, key, url }) => {
    const [question] = releaseQuestions(cluster(`{ version: ${written} }`), {});
    expect(question).toMatchObject({ key, query: { url } });
    expect(question!.query.read("v1.37.1\n")).toBe("1.37.1");
    expect(() => question!.query.read("<html>log in</html>")).toThrow(/no version such as/);
  });

  test("whose needs are not known is asked for them, once it is known which it is", () => {
    const one = cluster("{ version: 1.36 }");
    expect(keys(one)).toEqual(["kubernetes/1.36"]);
    expect(keys(one, { "kubernetes/1.36": "1.36.9" })).toEqual(["kubernetes/1.36", "kubeadm/1.36.9"]);
  });

  test("whose needs the description names is not asked for them", () => {
    expect(keys(cluster("{ version: 1.36.9, components: { coredns: v1.14.3, etcd: 3.6.9-0, pause: 3.10.2 } }"))).toEqual([]);
  });

  test("is exact once the lock has answered, and carries what it needs", () => {
    const resolved = resolve(cluster("{ version: 1.36, offered: [1.37, 1.37.1] }"), {
      versions: { "kubernetes/1.36": "1.36.9", "kubeadm/1.36.9": TAGS, "kubernetes/1.37": "1.37.1" },
    });
    expect(releasesOf(resolved)).toEqual(["1.36.9", "1.37.1"]);
    expect(kubeadmTags(resolved.kubernetes, "1.36.9").etcd).toBe("3.6.9-0");
    expect(releaseImages(resolved)).toEqual(expect.arrayContaining(["registry.k8s.io/etcd:3.6.9-0", "registry.k8s.io/etcd:3.7.0-0"]));
    expect(resolve(resolved, { versions: { "kubeadm/1.36.9": TAGS } })).toEqual(resolved);
  });

  test("has no image of etcd where etcd has machines of its own", () => {
    const one = cluster("{ version: 1.36.9, components: { coredns: v1.14.3, etcd: 3.6.9-0, pause: 3.10.2 } }");
    const apart = { ...one, machines: [...one.machines, { ...one.machines[0]!, roles: ["etcd" as const] }] };
    expect(releaseImages(one).filter((image) => !releaseImages(apart).includes(image))).toEqual(["registry.k8s.io/etcd:3.6.9-0"]);
  });

  test("that the lock does not know is an error that names it", () => {
    expect(() => resolve(cluster("{ version: 1.36 }"), { versions: {} })).toThrow(LockError);
    expect(() => resolve(cluster("{ version: 1.36.9 }"), { versions: {} })).toThrow(/no version for kubeadm\/1\.36\.9/);
  });

  test("of another cluster without Kubernetes is none", () => {
    expect(releasesOf(resolve(cluster("{}"), { versions: {} }))).toEqual([]);
  });
});

const said = (kubernetes: string, machines?: readonly string[]): readonly string[] => {
  const outcome = parsed(kubernetes, machines);
  return [...(outcome.ok ? [] : outcome.problems), ...outcome.warnings].map(({ path, message }) => `${path}: ${message}`);
};
const CP = '{ mac: "52:54:00:00:00:11", name: cp-1, roles: [control-plane] }';
const machine = (release: string, roles = "worker") => [
  ...(roles === "worker" ? [CP] : []),
  `{ mac: "52:54:00:00:00:12", name: n-1, roles: [${roles}], kubernetes: ${release} }`,
];

describe("a description is told, with the place, that", () => {
  test.each([
    {
      what: "containerd is too old",
      kubernetes: "{ version: 1.36.2, components: { containerd: 1.7.28 } }",
      says: /^kubernetes\.components\.containerd: containerd 1\.7\.28 does not work with Kubernetes 1\.36\.2/,
    },
    {
      what: "it is too old for a release that is only carried along",
      kubernetes: "{ version: 1.35.0, offered: [1.36], components: { containerd: 1.7.28 } }",
      says: /^kubernetes\.components\.containerd: .*Kubernetes 1\.36:/,
    },
    {
      what: "a release stands there twice",
      kubernetes: "{ version: 1.36.2, offered: [1.36.2] }",
      says: /^kubernetes\.offered\[0\]: "1\.36\.2" is also kubernetes\.version/,
    },
    {
      what: "an upgrade would skip a minor release",
      kubernetes: "{ version: 1.35.0, offered: [1.37.1] }",
      says: /^kubernetes\.offered\[0\]: from 1\.35\.0 to 1\.37\.1 leads no upgrade.*write 1\.36 beside them/,
    },
    {
      what: "there is no release of the cluster",
      kubernetes: "{ offered: [1.36] }",
      says: /^kubernetes\.offered\[0\]: .*kubernetes\.version: too/,
    },
    { what: "it is no release", kubernetes: "{ version: 2.1 }", says: /^kubernetes\.version: "2\.1" is not a Kubernetes release/ },
    {
      what: "a worker is newer than the API servers",
      kubernetes: "{ version: 1.36.2 }",
      machines: machine("1.37.1"),
      says: /^machines\[1\]\.kubernetes: 1\.37\.1 does not go with it: a kubelet may not be newer/,
    },
    {
      what: "a worker's kubeadm cannot read what the cluster is written down in",
      kubernetes: "{ version: 1.31.2 }",
      machines: machine("1.30.9"),
      says: /^machines\[1\]\.kubernetes: 1\.30\.9 may stay in the cluster, but not come into it: its kubeadm reads v1beta3 and older, .* v1beta4; write 1\.31 unless/,
    },
    {
      what: "a worker's kubeadm is older than any that is written for",
      kubernetes: "{ version: 1.16.2 }",
      machines: machine("1.14.1"),
      says: /^machines\[1\]\.kubernetes: 1\.14\.1 may stay .*: its kubeadm reads versions before v1beta2, .* v1beta2; write 1\.16 unless/,
    },
    {
      what: "a worker's kubeadm looks for settings that are not there",
      kubernetes: "{ version: 1.23.17 }",
      machines: machine("1.22.17"),
      says: /^machines\[1\]\.kubernetes: 1\.22\.17 may stay .*of its own minor release; write 1\.23 unless/,
    },
    {
      what: "a control plane is two minors away",
      kubernetes: "{ version: 1.37.1 }",
      machines: machine("1.35.0", "control-plane"),
      says: /^machines\[0\]\.kubernetes: .*at most one minor release apart/,
    },
  ])("$what", ({ kubernetes, machines, says }) => {
    const all = said(kubernetes, machines);
    expect(all.filter((one) => says.test(one))).toHaveLength(1);
  });

  test("nothing is wrong with releases that follow one another", () => {
    expect(said("{ version: 1.36, offered: [1.37, 1.38.0] }", machine("1.35.0"))).toEqual([]);
    expect(said("{ version: current, offered: [1.36] }")).toEqual([]);
  });
});
