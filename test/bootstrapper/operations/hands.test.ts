/** The steps before an API, an etcd and nodes that answer as the real ones do: evictions, budgets, orders and what goes wrong with them. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Api } from "../../../bootstrapper/kubernetes/api.ts";
import { ApiError } from "../../../bootstrapper/kubernetes/api.ts";
import type { EtcdGateway } from "../../../bootstrapper/kubernetes/etcd-gateway.ts";
import type { MachineEvent, MachineView, Phase } from "../../../bootstrapper/machines/machine.ts";
import { ClusterHands } from "../../../bootstrapper/operations/hands.ts";
import type { Step } from "../../../bootstrapper/operations/operation.ts";
import { OrderDesk } from "../../../bootstrapper/operations/order-desk.ts";
import { OrderBook } from "../../../bootstrapper/operations/orders.ts";
import type { Ipv4, Mac } from "../../../cluster/address.ts";
import { layout } from "../../../cluster/layout.ts";
import { placesOf } from "../../../templates/kubernetes/artifacts.ts";
import { type MemoryStore, memoryStore } from "../../support/memory-store.ts";
import { clusterOf, macOf, SNAPSHOT } from "./model.ts";

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly [more: string]: unknown };
}
const cluster = clusterOf(3, 1);
const W1 = { mac: macOf(0x20), node: "w-1" };
const CP3 = { mac: macOf(3), node: "cp-3" };
const owned = (kind: string): object => ({ ownerReferences: [{ kind, controller: true }] });
const pod = (name: string, more: object = owned("ReplicaSet")): Pod => ({
  metadata: { name, namespace: "shop", uid: `uid-${name}`, ...more },
});

let pods: Pod[];
/** How often a budget says no to a pod. */
let held: Map<string, number>;
let calls: string[];
let nodes: Map<string, { unschedulable?: boolean; kubelet: string; ready: boolean }>;
let members: { id: string; name: string; peers: string[]; learner: boolean }[];
let removed: string[];
let refusals: number;
let phases: Map<string, Phase>;
/** What each installation reports with. */
let tokens: Map<string, string>;
/** Operations that are neither done nor cancelled. */
let underWay: Set<string>;
let lines: string[];
let applied: string[];
let store: MemoryStore;
let book: OrderBook;
let desk: OrderDesk;
let hands: ClusterHands;
let clock: number;
let told: string[];
let recognised: string[];
/** What is wrong with the snapshot on disk. */
let damage: string | undefined;

const FILES = Object.values(placesOf("1.37.1", "amd64")).map((place, index) => ({
  path: `${layout.static}/${place}`,
  sha256: `${index}`.repeat(64),
}));

beforeEach(async () => {
  pods = [];
  held = new Map();
  calls = [];
  nodes = new Map(cluster.machines.map(({ name }) => [name, { kubelet: "v1.36.2", ready: true }]));
  members = ["cp-1", "cp-2", "cp-3"].map((name, index) => ({ id: `${index + 1}`, name, peers: [], learner: false }));
  removed = [];
  refusals = 0;
  phases = new Map(cluster.machines.map(({ mac }) => [mac, "ready"]));
  tokens = new Map(cluster.machines.map(({ mac }) => [mac, "first"]));
  underWay = new Set(["a1", "b2", "between"]);
  lines = [];
  applied = [];
  clock = 0;
  told = [];
  recognised = [];
  damage = undefined;
  store = memoryStore();
  book = await OrderBook.open(store, (mac) => tokens.get(mac));
  const machines = {
    find: (mac: string) => ({ mac, phase: phases.get(mac), because: "so it is" }) as MachineView,
    apply: async (mac: string, event: MachineEvent) => {
      applied.push(`${event.type} ${mac}`);
      if (event.type === "reinstall") phases.set(mac, "reinstall");
      return { ok: true, machine: {} as MachineView } as const;
    },
  };
  desk = new OrderDesk({
    cluster: () => cluster,
    files: () => FILES,
    https: "https://10.0.0.1",
    book,
    isUnderWay: (operation) => underWay.has(operation),
    machines,
    journal: ({ level, text }) => void lines.push(`${level} ${text}`),
    now: () => clock,
  });
  hands = new ClusterHands({
    cluster: () => cluster,
    api: async () =>
      ({ call: api, look: async () => cluster.machines.slice(0, 3).map(({ mac }) => ({ mac, is: "ready" })) }) as unknown as Api,
    etcd: async () =>
      ({
        status: async () => ({ version: "3.6.8", led: true, errors: [] }),
        members: async () => members,
        remove: async (_: string, id: string) => {
          if (refusals-- > 0) throw new Error("it answers 503: etcdserver: unhealthy cluster");
          removed.push(id);
          members = members.filter((member) => member.id !== id);
        },
      }) as unknown as EtcdGateway,
    addressOf: () => "127.0.0.99" as Ipv4,
    machines,
    book,
    carried: () => ["1.37.1"],
    snapshot: async () => undefined,
    snapshots: { list: async () => [SNAPSHOT], difference: async () => damage },
    isAwake: (mac) => desk.isAwake(mac),
    recognise: async (mac) => void recognised.push(mac),
    leftovers: async () => [],
    takeAway: async (addOn, { kind, name }) => {
      if (refusals-- > 0) throw new Error("etcdserver: request timed out");
      removed.push(`${addOn}: ${kind} ${name}`);
    },
    now: () => clock,
    pause: async (milliseconds) => {
      clock += milliseconds;
    },
  });
});

async function api(method: string, path: string, content?: { readonly type: string; readonly body: string }): Promise<unknown> {
  if (method !== "GET") calls.push(`${method} ${path}`);
  const node = /^\/api\/v1\/nodes\/(.+)$/.exec(path)?.[1];
  if (path === "/api/v1/nodes")
    return {
      items: [...nodes].map(([name, { unschedulable = false, kubelet, ready }]) => ({
        metadata: { name },
        spec: { unschedulable },
        status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }], nodeInfo: { kubeletVersion: kubelet } },
      })),
    };
  if (path.includes("kube-apiserver"))
    return {
      items: ["cp-1", "cp-2", "cp-3"].map((name) => ({
        metadata: { name: `kube-apiserver-${name}` },
        spec: { nodeName: name, containers: [{ image: `r/kube-apiserver:${nodes.get(name)?.kubelet}` }] },
      })),
    };
  if (method === "PATCH" && node) {
    const { spec } = JSON.parse(content!.body) as { spec: { unschedulable: boolean | null } };
    Object.assign(nodes.get(node)!, { unschedulable: spec.unschedulable === true });
    return {};
  }
  if (method === "DELETE" && node) {
    if (!nodes.delete(node)) throw new ApiError("not found", 404);
    return {};
  }
  if (path === "/api/v1/pods?fieldSelector=spec.nodeName%3Dw-1") return { items: pods };
  const evicted = /pods\/([^/]+)\/eviction$/.exec(path)?.[1];
  if (evicted) {
    expect(JSON.parse(content!.body)).toMatchObject({
      apiVersion: "policy/v1",
      kind: "Eviction",
      deleteOptions: { preconditions: { uid: `uid-${evicted}` } },
    });
    const left = held.get(evicted) ?? 0;
    held.set(evicted, left - 1);
    if (left > 0) throw new ApiError("Cannot evict pod as it would violate the pod's disruption budget", 429);
    pods = pods.filter(({ metadata }) => metadata.name !== evicted);
    return {};
  }
  throw new ApiError(`${method} ${path} is not known here`, 404);
}
const take = (step: Step, tries = 0, signal = new AbortController().signal): Promise<void> =>
  hands.take(step, { signal, order: "a1.3", tries, tell: (text) => told.push(text) });

describe("draining", () => {
  test("evicts what belongs elsewhere, and leaves the node's own pods alone", async () => {
    pods = [pod("web"), pod("agent", owned("DaemonSet")), pod("static", { annotations: { "kubernetes.io/config.mirror": "x" } })];
    const ended = { ...pod("job", owned("Job")), status: { phase: "Succeeded" } };
    pods.push(ended);
    await take({ do: "drain", ...W1 });
    expect(calls).toEqual(["POST /api/v1/namespaces/shop/pods/web/eviction"]);
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(["agent", "static", "job"]);
  });

  test("waits for a budget, and says which pod it holds", async () => {
    pods = [pod("db", owned("StatefulSet"))];
    held.set("db", 3);
    await take({ do: "drain", ...W1 });
    expect(told[0]).toBe("1 pods are still there; a PodDisruptionBudget holds shop/db");
    expect(calls).toHaveLength(4);
  });

  test("gives up when a budget never yields, with the pod's name", async () => {
    pods = [pod("db", owned("StatefulSet"))];
    held.set("db", 1_000_000);
    await expect(take({ do: "drain", ...W1 })).rejects.toThrow(/within 20 minutes: .*holds shop\/db/);
  });

  test("does not lose a pod that nobody would start again", async () => {
    pods = [pod("web"), pod("alone", {})];
    await expect(take({ do: "drain", ...W1 })).rejects.toThrow("shop/alone");
    expect(calls).toEqual([]);
  });

  test("ends when it is cancelled", async () => {
    pods = [pod("db")];
    held.set("db", 1_000_000);
    await expect(take({ do: "drain", ...W1 }, 0, AbortSignal.abort())).rejects.toThrow("it was ended");
  });
});

describe("orders", () => {
  const upgrade: Step = { do: "upgrade", ...W1, release: "1.37.1", kind: "node" };
  const obeyed: Step = { do: "obeyed", ...W1, order: "upgrade" };

  test("reach the node with every program and its hash, and are obeyed when the node says so", async () => {
    expect(await desk.hear(W1.mac, { state: "serves" })).toEqual({ ok: true, lines: { do: "nothing" } });
    await take(upgrade);
    const heard = await desk.hear(W1.mac, { state: "serves" });
    expect(heard).toMatchObject({ lines: { do: "upgrade", order: "a1.3.0", release: "1.37.1", kind: "node" } });
    expect(heard.ok && heard.files).toHaveLength(7);
    expect(heard.ok && heard.files?.[0]).toBe(`kubeadm ${"0".repeat(64)} https://10.0.0.1/static/kubernetes/1.37.1/amd64/kubeadm`);
    expect(heard.ok && heard.files?.map((file) => file.split(" ")[0])).toContain("containerd.tar.gz");
    await desk.hear(W1.mac, { state: "obeyed", order: "a1.3.0" });
    await take(obeyed);
    expect(await desk.hear(W1.mac, { state: "serves" })).toEqual({ ok: true, lines: { do: "nothing" } });
  });

  test("that fail stop the operation, and are given anew when it is continued", async () => {
    await take(upgrade);
    await desk.hear(W1.mac, { state: "failed", order: "a1.3.0", reason: "no room" });
    await expect(take(obeyed)).rejects.toThrow("w-1 says: no room");
    await expect(take(obeyed, 1)).rejects.toThrow("order a1.3.1 is given, and w-1 has not said");
    await desk.hear(W1.mac, { state: "obeyed", order: "a1.3.0" });
    expect(book.find(W1.mac)?.is).toBe("given");
    await desk.hear(W1.mac, { state: "obeyed", order: "a1.3.1" });
    await take(obeyed, 1);
  });

  test("of an operation that was cancelled reach nobody any more, and those that were obeyed stay known", async () => {
    await take(upgrade);
    await book.give(CP3.mac, "b2.0", 0, { do: "leave" });
    await book.withdrawAll("a1");
    expect(await desk.hear(W1.mac, { state: "serves" })).toEqual({ ok: true, lines: { do: "nothing" } });
    expect(await desk.hear(CP3.mac, { state: "serves" })).toMatchObject({ lines: { do: "leave" } });
    await desk.hear(CP3.mac, { state: "obeyed", order: "b2.0.0" });
    await book.withdrawAll("b2");
    expect(book.find(CP3.mac)?.is).toBe("obeyed");
  });

  test("to install again open the way only when the node says that it restarts", async () => {
    await take({ do: "reinstall", ...W1 });
    expect(await desk.hear(W1.mac, { state: "serves" })).toMatchObject({ lines: { do: "reinstall" } });
    expect(applied).toEqual([]);
    await desk.hear(W1.mac, { state: "obeyed", order: "a1.3.0" });
    await desk.hear(W1.mac, { state: "obeyed", order: "a1.3.0" });
    expect(applied).toEqual([`reinstall ${W1.mac}`]);
  });
});

describe("an order that outlives the installation it was given to", () => {
  const again = (mac: Mac): void => {
    tokens.delete(mac);
    tokens.set(mac, "second");
  };
  const serves = async (mac: Mac): Promise<unknown> => {
    const heard = await desk.hear(mac, { state: "serves" });
    return heard.ok && heard.lines["do"];
  };

  test("has been obeyed when it was to install again, and is not carried out twice", async () => {
    await take({ do: "reinstall", ...W1 });
    expect(await serves(W1.mac)).toBe("reinstall");
    again(W1.mac);
    expect([await serves(W1.mac), await serves(W1.mac)]).toEqual(["nothing", "nothing"]);
    await take({ do: "obeyed", ...W1, order: "reinstall" });
    expect(applied).toEqual([]);
    expect(lines.at(-1)).toBe("info has obeyed: reinstall");
  });

  test("of any other kind has failed, and reaches the new one when the operator goes on", async () => {
    await take({ do: "leave", ...W1 });
    again(W1.mac);
    expect(await serves(W1.mac)).toBe("nothing");
    await expect(take({ do: "obeyed", ...W1, order: "leave" })).rejects.toThrow("w-1 says: it was installed anew since it was ordered to");
    expect(lines).toEqual(["warning could not leave: it was installed anew since it was ordered to"]);
    await expect(take({ do: "obeyed", ...W1, order: "leave" }, 1)).rejects.toThrow("order a1.3.1 is given");
    expect(await serves(W1.mac)).toBe("leave");
  });

  test("is not for the next one either when none was known as it was given", async () => {
    tokens.delete(W1.mac);
    await take({ do: "leave", ...W1 });
    again(W1.mac);
    expect(await serves(W1.mac)).toBe("nothing");
  });

  test("is known from the disk, and handed out when the disk does not say to whom it was given", async () => {
    await store.table("orders").put(CP3.mac, { id: "a1.3.0", what: { do: "leave" }, is: "given" });
    await take({ do: "leave", ...W1 });
    again(W1.mac);
    const [w1, cp3] = await Promise.all(
      [W1, CP3].map(async ({ mac }) => {
        const reopened = await OrderBook.open(store, (one) => tokens.get(one));
        return reopened.isOutlived(mac, reopened.find(mac)!);
      }),
    );
    expect([w1, cp3]).toEqual([true, false]);
  });
});

test("an order is handed out and heard of as long as its operation is under way", async () => {
  await take({ do: "reinstall", ...W1 });
  expect(desk.orderFor(W1.mac)).toMatchObject({ id: "a1.3.0" });
  underWay.delete("a1");
  expect(desk.orderFor(W1.mac)).toBeUndefined();
  expect(await desk.hear(W1.mac, { state: "serves" })).toEqual({ ok: true, lines: { do: "nothing" } });
  expect(await desk.hear(W1.mac, { state: "obeyed", order: "a1.3.0" })).toMatchObject({
    lines: { noted: "it is no order of this machine's any more" },
  });
  expect(applied).toEqual([]);
});

describe("a restoration", () => {
  const { name: snapshot, sha256 } = SNAPSHOT;

  test("asks first that the snapshot is as it was taken", async () => {
    const check: Step = { do: "check", snapshot, sha256 };
    await take(check);
    await expect(take({ ...check, sha256: "00" })).rejects.toThrow("is not the one that was planned with; nothing was stopped");
    await expect(take({ ...check, snapshot: "etcd-20990101T000000Z.db" })).rejects.toThrow(
      "there is no snapshot etcd-20990101T000000Z.db any more",
    );
    damage = `${snapshot}: has other bytes than were taken`;
    await expect(take(check)).rejects.toThrow("has other bytes than were taken; nothing was stopped");
  });

  test("tells a node what it needs to know, and no more", async () => {
    const lines = async (step: Step): Promise<unknown> => {
      await take(step);
      const heard = await desk.hear(CP3.mac, { state: "serves" });
      await desk.hear(CP3.mac, { state: "obeyed", order: "a1.3.0" });
      await book.give(CP3.mac, "between", 0, { do: "leave" });
      return heard.ok && heard.lines;
    };
    expect(await lines({ do: "prepare", ...CP3, snapshot, sha256 })).toEqual({ do: "prepare", order: "a1.3.0", sha256 });
    expect(await lines({ do: "restore", ...CP3, sha256 })).toEqual({ do: "restore", order: "a1.3.0", sha256 });
    for (const what of ["stop", "start", "rejoin"] as const)
      expect(await lines({ do: what, ...CP3 })).toEqual({ do: what, order: "a1.3.0" });
  });

  test("knows who runs by who asks for orders, whatever the API says", async () => {
    await desk.hear(CP3.mac, { state: "serves" });
    expect([...(await hands.sight.glance()).awake]).toEqual(["cp-3"]);
    clock = 91_000;
    expect((await hands.sight.glance()).awake.size).toBe(0);
  });

  test("waits until the restored member is a cluster to itself", async () => {
    await expect(take({ do: "restored", ...CP3 })).rejects.toThrow(/within 20 minutes: etcd counts cp-1, cp-2, cp-3 and not cp-3 alone/);
    members = members.filter(({ name }) => name === "cp-3");
    await take({ do: "restored", ...CP3 });
    await take({ do: "recognise", ...CP3 });
    expect(recognised).toEqual([CP3.mac]);
  });
});

test("a node is closed and opened, and deleted once however often that is done", async () => {
  await take({ do: "cordon", ...W1 });
  expect(nodes.get("w-1")?.unschedulable).toBe(true);
  await take({ do: "uncordon", ...W1 });
  expect(nodes.get("w-1")?.unschedulable).toBe(false);
  await take({ do: "delete-node", ...W1 });
  await take({ do: "delete-node", ...W1 });
  expect(nodes.has("w-1")).toBe(false);
});

test("a member is removed through another one, also when etcd hesitates, and once", async () => {
  refusals = 5;
  await take({ do: "remove-member", ...CP3 });
  await take({ do: "remove-member", ...CP3 });
  expect(removed).toEqual(["3"]);
});

test("what an add-on left behind is taken away, though the API refuses for a while", async () => {
  refusals = 2;
  await take({
    do: "take-away",
    addOn: "traefik",
    object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "traefik", name: "traefik" },
  });
  expect(removed).toEqual(["traefik: Deployment traefik"]);
});

test("a node is ready when its machine, its Node and its release are", async () => {
  const ready: Step = { do: "ready", ...W1, release: "1.37.1" };
  await expect(take(ready)).rejects.toThrow(/within 20 minutes: its kubelet is 1.36.2/);
  nodes.set("w-1", { kubelet: "v1.37.1", ready: false });
  await expect(take(ready)).rejects.toThrow("its Node is not Ready");
  nodes.set("w-1", { kubelet: "v1.37.1", ready: true });
  await take(ready);
  phases.set(W1.mac, "installing");
  await expect(take({ do: "ready", ...W1 })).rejects.toThrow("the machine is installing: so it is");
});
