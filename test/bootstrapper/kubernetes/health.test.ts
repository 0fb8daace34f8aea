/** What is wrong with a cluster, in words: from what API servers say, case by case. */
import { expect, test } from "vitest";
import { healthOf, type Observed } from "../../../bootstrapper/kubernetes/health.ts";
import { labelPatch, labelsOf } from "../../../bootstrapper/kubernetes/labels.ts";
import { Novelty } from "../../../bootstrapper/kubernetes/news.ts";
import { nodes, pods, workloads } from "../../../bootstrapper/kubernetes/objects.ts";
import { lacks } from "../../../bootstrapper/kubernetes/workload.ts";
import type { Phase } from "../../../bootstrapper/machines/machine.ts";
import type { Mac } from "../../../cluster/address.ts";
import { described } from "../../support/description.ts";
import { CP1, THREE, W1, withKubernetes } from "./rig.ts";

const cluster = described(
  withKubernetes("", `${THREE}  - { mac: "52:54:00:00:00:31", name: etcd-1, address: 127.0.0.31, roles: [etcd] }\n`),
);
const NOW = Date.UTC(2026, 10, 1);
const DAY = 86_400_000;

const node = (name: string, conditions: readonly object[] = [], more: { version?: string; unschedulable?: boolean } = {}): object => ({
  metadata: { name },
  spec: { unschedulable: more.unschedulable },
  status: { nodeInfo: { kubeletVersion: more.version ?? "v1.20.2" }, conditions: [{ type: "Ready", status: "True" }, ...conditions] },
});
const broken = {
  metadata: { name: "worker-1" },
  status: { conditions: [{ type: "Ready", status: "False", message: "container runtime\n is down" }] },
};

interface Given {
  readonly nodes?: readonly object[];
  readonly pods?: readonly object[];
  readonly deployments?: readonly object[];
  readonly servers?: Observed["servers"];
  readonly phases?: Readonly<Record<string, Phase>>;
  readonly certificates?: Observed["certificates"];
}
const findings = (given: Given): readonly string[] => health(given).findings.map(({ text }) => text);
const health = (given: Given) =>
  healthOf({
    now: NOW,
    cluster,
    phaseOf: (who) => given.phases?.[cluster.machines.find((machine) => machine.mac === who)!.name],
    servers: given.servers ?? [],
    said: {
      nodes: nodes({ items: given.nodes ?? [] }),
      pods: pods({ items: given.pods ?? [] }),
      workloads: workloads("Deployment", { items: given.deployments ?? [] }),
    },
    certificates: given.certificates ?? [],
  });
const ready = { "worker-1": "ready" } as const;
const server = (is: "ready" | "answers" | "silent", because: string, who: Mac = CP1) => ({ mac: who, address: "127.0.0.11", is, because });

test.each<{ when: string; given: Given; says: readonly string[] }>([
  { when: "all is well", given: { nodes: [node("worker-1")], phases: ready }, says: [] },
  { when: "machines are on their way", given: { nodes: [broken] }, says: [] },
  {
    when: "a Node fell back",
    given: { nodes: [broken], phases: ready },
    says: ["node worker-1: it is not Ready: container runtime is down"],
  },
  {
    when: "a Node says nothing",
    given: { nodes: [{ metadata: { name: "worker-1" } }], phases: ready },
    says: ["node worker-1: it is not Ready: its kubelet has not said why"],
  },
  { when: "a Node is gone", given: { phases: ready }, says: ["node worker-1: it is not in the cluster"] },
  { when: "a machine of etcd is no Node", given: { phases: { "etcd-1": "ready" } }, says: [] },
  {
    when: "a disk is full",
    given: { nodes: [node("worker-1", [{ type: "DiskPressure", status: "True", message: "kubelet has disk pressure" }])] },
    says: ["node worker-1: it has DiskPressure: kubelet has disk pressure"],
  },
  {
    when: "a node is cordoned",
    given: { nodes: [node("worker-1", [], { unschedulable: true })] },
    says: ["node worker-1: it is cordoned"],
  },
  {
    when: "a kubelet is older",
    given: { nodes: [node("worker-1", [], { version: "v1.19.9" })] },
    says: ["node worker-1: its kubelet is 1.19.9, and the description says 1.20.2"],
  },
  { when: "an operator's own Node is broken", given: { nodes: [{ ...broken, metadata: { name: "laptop" } }] }, says: [] },
  {
    when: "no API server is ready",
    given: { nodes: [node("cp-1")], phases: { "cp-1": "ready" }, servers: [server("silent", "connect ECONNREFUSED")] },
    says: ["no API server of the cluster is ready", "the API server of cp-1 does not answer: connect ECONNREFUSED"],
  },
  {
    when: "etcd of one has gone",
    given: {
      nodes: [node("cp-2")],
      servers: [server("ready", ""), server("answers", "it is not ready: etcd", cluster.machines[1]!.mac)],
      phases: { "cp-2": "ready" },
    },
    says: ["the API server of cp-2 is not ready: etcd"],
  },
  { when: "one is not there yet", given: { servers: [server("ready", ""), server("silent", "x", cluster.machines[1]!.mac)] }, says: [] },
  {
    when: "a part of the control plane crashes",
    given: {
      pods: [
        {
          metadata: { name: "etcd-cp-1" },
          spec: { nodeName: "cp-1" },
          status: { containerStatuses: [{ state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m" } } }] },
        },
      ],
    },
    says: ["etcd-cp-1 is not ready: CrashLoopBackOff, back-off 5m"],
  },
  {
    when: "a deployment is short",
    given: {
      deployments: [
        {
          metadata: { name: "coredns", namespace: "kube-system", generation: 1 },
          spec: { replicas: 2 },
          status: { observedGeneration: 1, updatedReplicas: 2, availableReplicas: 1 },
        },
      ],
    },
    says: ["Deployment kube-system/coredns: 1 of 2 pods are available"],
  },
  {
    when: "a certificate ends soon",
    given: {
      certificates: [
        { what: "tls/kubernetes/super-admin.crt", ends: NOW + 2.5 * DAY, wayOut: "renew it" },
        { what: "far", ends: NOW + 31 * DAY, wayOut: "renew it" },
      ],
    },
    says: ["tls/kubernetes/super-admin.crt ends on 2026-11-03, in 3 days; renew it"],
  },
  {
    when: "a certificate has ended",
    given: { certificates: [{ what: "tls/kubernetes/ca.crt", ends: NOW - DAY, wayOut: "renew it" }] },
    says: ["tls/kubernetes/ca.crt ended on 2026-10-31; renew it"],
  },
])("when $when: $says", ({ given, says }) => {
  expect(findings(given)).toEqual(says);
});

test("a Node says since when it is as it is", () => {
  const since = "2026-10-31T23:00:00Z";
  const ready = { metadata: { name: "worker-1" }, status: { conditions: [{ type: "Ready", status: "False", lastTransitionTime: since }] } };
  expect(health({ nodes: [ready] }).nodes[0]!.since).toBe(Date.parse(since));
});

test("a finding names its machine, so that the operator sees it there", () => {
  expect(health({ nodes: [broken], phases: ready }).findings[0]!.mac).toBe(W1);
  expect(health({ nodes: [broken, node("cp-1")], phases: ready }).nodes).toEqual([
    { mac: CP1, name: "cp-1", ready: true, version: "1.20.2", because: "" },
    { mac: W1, name: "worker-1", ready: false, version: "", because: "it is not Ready: container runtime is down" },
  ]);
});

test.each([null, [], { items: 7 }, { items: [{ metadata: { name: 1 } }] }, "items"])(
  "what is no list of nodes is refused: %j",
  (answer) => {
    expect(() => nodes(answer)).toThrow();
  },
);

test.each([
  { kind: "Deployment", object: { spec: {}, status: {} }, says: "0 of 1 pods are available" },
  {
    kind: "Deployment",
    object: { metadata: { generation: 2 }, status: { observedGeneration: 1, availableReplicas: 1, updatedReplicas: 1 } },
    says: "nobody has begun with it yet",
  },
  {
    kind: "Deployment",
    object: { spec: { replicas: 2 }, status: { availableReplicas: 2, updatedReplicas: 1 } },
    says: "1 of 2 pods are available",
  },
  {
    kind: "Deployment",
    object: { status: { conditions: [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }] } },
    says: "it fails: exceeded quota",
  },
  { kind: "Deployment", object: { spec: { replicas: 0 }, status: {} }, says: undefined },
  {
    kind: "DaemonSet",
    object: { status: { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 } },
    says: "2 of 3 pods run",
  },
  { kind: "DaemonSet", object: { status: { desiredNumberScheduled: 0 } }, says: undefined },
  { kind: "StatefulSet", object: { spec: { replicas: 3 }, status: { readyReplicas: 1 } }, says: "1 of 3 pods are ready" },
  { kind: "Job", object: { status: { succeeded: 0 } }, says: "it has not ended: 0 of 1 done" },
  { kind: "Job", object: { status: { conditions: [{ type: "Complete", status: "True" }] } }, says: undefined },
  {
    kind: "Job",
    object: { status: { conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }] } },
    says: "it fails: BackoffLimitExceeded",
  },
])("a $kind: $says", ({ kind, object, says }) => {
  const [read] = workloads(kind, { items: [{ ...object, metadata: { name: "x", ...object.metadata } }] });
  expect(lacks(read!)).toBe(says);
});

test("what lasts is said once, what changes is said again, what is over is said when it was said before", () => {
  const novelty = new Novelty();
  const look = (...texts: string[]): string[] =>
    novelty.of(texts.map((text) => ({ about: text.split(":")[0]!, text }))).map(({ level, text }) => `${level} ${text}`);
  expect(look("a: 1", "b: 1")).toEqual([]);
  expect(look("a: 1", "b: 2")).toEqual(["warning a: 1"]);
  expect(look("a: 1", "b: 2")).toEqual(["warning b: 2"]);
  expect(look("a: 1")).toEqual([]);
  expect(look("a: 1", "b: 2")).toEqual([]);
  expect(look("a: 1")).toEqual([]);
  expect(look("a: 1")).toEqual(["info b: all is well again"]);
  expect([look(), look(), look()]).toEqual([[], ["info a: all is well again"], []]);
});

const labelled = (labels: object, owned: readonly string[]): Parameters<typeof labelPatch>[1] =>
  nodes({
    items: [
      {
        metadata: {
          name: "w",
          uid: "u-1",
          labels,
          managedFields: [
            {
              manager: "sextant",
              operation: "Apply",
              fieldsV1: { "f:metadata": { "f:labels": Object.fromEntries(owned.map((name) => [`f:${name}`, {}])) } },
            },
            { manager: "kubelet", operation: "Update", fieldsV1: {} },
          ],
        },
      },
    ],
  })[0]!;

test("labels are what the roles say and the description adds; a control plane's role is kubeadm's to label", () => {
  const machine = { roles: ["control-plane", "etcd", "worker", "ingress"], labels: { rack: "r1" } } as const;
  expect(labelsOf(machine)).toEqual({ "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/ingress": "", rack: "r1" });
});

test("a node is labelled when a label is missing, wrong or no longer wanted, and left alone otherwise", () => {
  const machine = { roles: ["worker"], labels: { rack: "r1" } } as const;
  const all = { "node-role.kubernetes.io/worker": "", rack: "r1" };
  const patch = { apiVersion: "v1", kind: "Node", metadata: { name: "w", uid: "u-1", labels: all } };
  expect(labelPatch(machine, labelled({ ...all, other: "x" }, Object.keys(all)))).toBeUndefined();
  expect(labelPatch(machine, labelled({ rack: "r1" }, []))).toEqual(patch);
  expect(labelPatch(machine, labelled({ ...all, rack: "r2" }, Object.keys(all)))).toEqual(patch);
  expect(labelPatch(machine, labelled({ ...all, old: "1" }, [...Object.keys(all), "old"]))).toEqual(patch);
});
