/** Nodes that want into the cluster, before the real desk, the real client and API servers that answer over TLS or do not. */
import { describe, expect, test } from "vitest";
import type { Heard, Word } from "../../../bootstrapper/kubernetes/words.ts";
import type { Phase } from "../../../bootstrapper/machines/machine.ts";
import { type Mac, mac } from "../../../cluster/address.ts";
import { layout } from "../../../cluster/layout.ts";
import { type ClusterPki, clusterPki } from "../../support/cluster-pki.ts";
import { DESCRIPTION } from "../../support/description.ts";
import { FakeCluster } from "./fake-api.ts";
import { beforeEachRig, CP1, CP2, CP3, type Rig, THREE, W1, withKubernetes } from "./rig.ts";

let pki: ClusterPki;
let rig: Rig;
let cluster: FakeCluster;
beforeEachRig((laid, made) => {
  [rig, cluster, pki] = [laid, laid.cluster, made];
});

const open = (description?: string): Promise<void> => rig.open(description);
const says = (who: Mac, state: Exclude<Word["state"], "failed">): Promise<Heard> => rig.service.hear(who, { state });
const asks = async (who: Mac): Promise<Readonly<Record<string, string>>> => {
  const heard = await says(who, "asks");
  return heard.ok ? heard.lines : { refused: heard.because };
};
const journaled = (): string[] => rig.journaled();
const founded = async (): Promise<void> => {
  await asks(CP1);
  await says(CP1, "founded");
};

describe("founding", () => {
  test("one founds, the others wait and then join, and the journal tells each once", async () => {
    await cluster.serve("127.0.0.11");
    await cluster.serve("127.0.0.12");
    await cluster.close();
    await open();
    expect((await asks(W1))["do"]).toBe("wait");
    expect((await asks(CP2))["do"]).toBe("found");
    for (let times = 0; times < 5; times += 1) {
      rig.now += 5_000;
      expect(await asks(CP1)).toEqual({ do: "wait", because: "cp-2 founds the cluster" });
    }
    await cluster.serve("127.0.0.12");
    expect(await says(CP2, "founded")).toEqual({ ok: true, lines: { noted: "founded" } });
    rig.now += 5_000;
    const told = await asks(CP1);
    expect(told).toMatchObject({ do: "join", endpoint: "127.0.0.12:6443", "ca-hash": expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(journaled()).toEqual([
      "21 info: waits to join the cluster: no control plane has founded the cluster yet",
      "12 info: told to found the cluster: it is the first control plane that may",
      "11 info: waits to join the cluster: cp-2 founds the cluster",
      "12 info: founded the cluster",
      "11 info: told to join through 127.0.0.12:6443: cp-2 founded the cluster",
    ]);
    expect(JSON.stringify(rig.entries)).not.toContain(told["token"]);
  });

  test("who founds is on disk before it is told, and a disk that refuses tells nobody", async () => {
    await open();
    rig.store.fail(new Error("the disk is full"));
    await expect(says(CP1, "asks")).rejects.toThrow("the disk is full");
    rig.store.fail(undefined);
    expect((await asks(CP2))["do"]).toBe("found");
  });

  test("a server that restarted knows who founds, and that the cluster is founded", async () => {
    await open();
    await asks(CP2);
    await rig.service.close();
    await open();
    expect((await asks(CP1))["because"]).toBe("cp-2 founds the cluster");
    await says(CP2, "founded");
    await rig.service.close();
    await open();
    expect((await asks(CP1))["because"]).toContain("no control plane's API is ready");
    expect(await says(CP1, "founded")).toEqual({ ok: false, because: "cp-2 founded the cluster; join it" });
  });

  test("control planes that ask at the same moment are told one answer each, and one founds", async () => {
    await open();
    const told = await Promise.all([CP1, CP2, CP3, CP1, CP2, CP3].map(asks));
    expect(told.filter((one) => one["do"] === "found").length).toBe(2);
    expect(new Set(told.flatMap((one, index) => (one["do"] === "found" ? [index % 3] : []))).size).toBe(1);
  });

  test("a lost state folder does not found a second cluster beside the one that answers", async () => {
    await cluster.serve("127.0.0.13");
    await open();
    expect(await asks(CP1)).toMatchObject({ do: "join", because: "cp-3 founded the cluster" });
    expect(journaled()[0]).toBe("13 info: the API of cp-3 answers with a certificate of our CA, so the cluster exists");
  });

  test.each([
    { what: "of another CA", names: "DNS:kubernetes", own: false },
    { what: "for another name", names: "DNS:elsewhere", own: true },
  ])("an API server with a certificate $what is nobody's cluster", async ({ names, own }) => {
    const strange = clusterPki(names);
    const shown = { ...strange, ca: pki.ca };
    if (own) rig.files.set(layout.tls.clusterCa, strange.ca.cert);
    await cluster.serve("127.0.0.13", shown);
    await open();
    expect((await asks(CP1))["do"]).toBe("found");
  });

  test("an API server that starts up is a cluster, too, and nobody joins through it yet", async () => {
    (await cluster.serve("127.0.0.13")).mood = "starting";
    await open();
    expect(await asks(CP1)).toEqual({ do: "wait", because: expect.stringContaining("cp-3: it is not ready: etcd") });
  });

  test("nobody joins through a founder that was taken for dead and comes back with a whole cluster of its own", async () => {
    await (await cluster.serve("127.0.0.12")).close(); // so that its port is known
    const other = new FakeCluster(pki, "the other cluster");
    other.port = cluster.port;
    await open();
    await asks(CP1);
    rig.now += 1_200_001;
    expect((await asks(CP2))["because"]).toContain("passes on from cp-1");
    await says(CP2, "founded");
    await other.serve("127.0.0.11");
    rig.now += 10_000;
    expect(await asks(CP3)).toEqual({
      do: "wait",
      because: expect.stringMatching(/cp-1: it serves another cluster \(the other cluster\); cp-2: .*ECONNREFUSED/),
    });
    await cluster.serve("127.0.0.12");
    rig.now += 10_000;
    expect(await asks(CP3)).toMatchObject({ do: "join", endpoint: expect.stringMatching(/^127\.0\.0\.12:/) });
    expect(other.asked.filter(({ method }) => method !== "GET")).toEqual([]);
    await other.close();
  });

  test("an API server that takes its time is looked at once for all who ask meanwhile, and for two seconds after", async () => {
    const server = await cluster.serve("127.0.0.12");
    await open();
    const looks = (): number => cluster.asked.filter(({ path }) => path.startsWith("/readyz")).length;
    const before = looks();
    /** Ten seconds pass between the question of a look and its answer. */
    const slowly = async (...asking: (() => Promise<unknown>)[]): Promise<void> => {
      const until = looks() + 1;
      let answer = (): void => {};
      server.answersAfter = new Promise((resolve) => {
        answer = resolve;
      });
      const asked = asking.map((ask) => ask());
      await expect.poll(looks, { timeout: 30_000 }).toBe(until);
      rig.now += 10_000;
      answer();
      await Promise.all(asked);
    };
    rig.now += 10_000;
    await slowly(() => asks(CP1));
    rig.now += 2_000;
    await asks(CP3);
    expect(looks()).toBe(before + 1);
    rig.now += 2_000;
    const { api } = await rig.service.connection.open();
    await slowly(
      () => asks(CP1),
      () => asks(CP3),
      () => rig.service.look(),
      () => api.look(),
    );
    expect(looks()).toBe(before + 2);
  });

  test("three are waited for when three are expected", async () => {
    await open(withKubernetes("expectedEtcd: 3"));
    expect((await asks(CP1))["because"]).toBe("1 of 3 control planes have come up");
    await asks(CP2);
    expect((await asks(CP3))["do"]).toBe("found");
  });

  test("a control plane that went away again no longer counts", async () => {
    await open(withKubernetes("expectedEtcd: 2"));
    await asks(CP1);
    rig.now += 61_000;
    expect((await asks(CP2))["because"]).toBe("1 of 2 control planes have come up");
  });

  test("an etcd of its own machines must have its quorum first", async () => {
    const etcd = [31, 32, 33].map((n) => `  - { mac: "52:54:00:00:00:${n}", name: etcd-${n}, address: 127.0.0.${n}, roles: [etcd] }\n`);
    await open(withKubernetes("", THREE + etcd.join("")));
    const phase = (end: number, is: Phase): void => void rig.phases.set(mac(`52:54:00:00:00:${end}`), is);
    phase(31, "ready");
    expect((await asks(CP1))["because"]).toBe("1 of 2 etcd machines are ready");
    phase(33, "ready");
    expect((await asks(CP1))["do"]).toBe("found");
    expect(await asks(mac("52:54:00:00:00:31"))).toEqual({ do: "wait", because: "cp-1 founds the cluster" });
  });

  test("a machine that failed to found is a warning, and the next one is told to", async () => {
    await open();
    await asks(CP1);
    await rig.service.hear(CP1, { state: "failed", reason: "kubeadm init ended with 1" });
    expect(journaled().at(-1)).toBe("11 warning: could not enter the cluster: kubeadm init ended with 1");
    expect((await asks(CP2))["because"]).toBe("the founding passes on from cp-1: it could not");
    expect(await says(CP1, "founded")).toEqual({ ok: false, because: "the founding has passed to cp-2" });
  });

  test("a founder whose machine is installed anew is no founder any more", async () => {
    await open();
    await asks(CP1);
    rig.phases.set(CP1, "installing");
    expect((await asks(CP2))["do"]).toBe("found");
  });

  test("without Kubernetes in the description, or without the administrator's certificate, everybody waits and is told why", async () => {
    await open(THREE);
    expect(await asks(CP1)).toEqual({ do: "wait", because: "cluster-desc.yml asks for no Kubernetes" });
    await rig.service.close();
    rig.files.delete(layout.tls.superAdmin);
    await open();
    expect((await asks(CP1))["because"]).toContain("tls/kubernetes/super-admin.crt cannot be read; build the bsroot again");
    await rig.service.close();
    rig.files.set(layout.tls.superAdmin, pki.server.cert);
    await open();
    expect((await asks(CP1))["because"]).toContain("tls/kubernetes/super-admin.crt does not belong to tls/kubernetes/super-admin.key");
  });
});

describe("giving up", () => {
  test("a cluster that answers is not given up; one that is gone is, and another is founded", async () => {
    const server = await cluster.serve("127.0.0.11");
    await open();
    expect(await rig.service.forget()).toEqual({ ok: false, because: "the API of cp-1 still answers; switch its machine off first" });
    await server.close();
    rig.now += 5_000;
    expect(await rig.service.forget()).toEqual({ ok: true, lines: { noted: "forgotten" } });
    expect((await asks(CP2))["do"]).toBe("found");
    expect(journaled()).toContain("warning: the operator gave the cluster up; the next control plane that asks founds it");
  });

  test("a cluster's only control plane that was installed anew is told what it takes", async () => {
    await cluster.serve("127.0.0.11");
    await open(withKubernetes("", DESCRIPTION));
    await cluster.close();
    rig.now += 5_000;
    expect((await asks(CP1))["because"]).toContain("give the cluster up (POST /api/v1/cluster/forget), and it founds another");
    expect((await asks(W1))["because"]).toContain("no control plane's API is ready");
  });

  test("where there is none, there is nothing to give up", async () => {
    await open();
    expect(await rig.service.forget()).toEqual({ ok: false, because: "no cluster is founded" });
  });
});

test("the administrator's kubeconfig names the API, or the address of a server that is ready", async () => {
  await cluster.serve("127.0.0.12");
  await open();
  const text = await rig.service.kubeconfig("name");
  expect(text).toContain("server: https://api.demo.lan:6443\n");
  expect(text).toContain(`client-key-data: ${Buffer.from(pki.admin.key).toString("base64")}\n`);
  expect(await rig.service.kubeconfig("address")).toContain("server: https://127.0.0.12:6443\n");
  await cluster.close();
  await rig.look();
  await expect(rig.service.kubeconfig("address")).rejects.toThrow("no API server is ready");
});

describe("joining", () => {
  const secrets = () => cluster.list("/api/v1/namespaces/kube-system/secrets");
  const read = (secret: unknown): Record<string, string> =>
    Object.fromEntries(
      Object.entries((secret as { data: Record<string, string> }).data).map(([name, text]) => [
        name,
        Buffer.from(text, "base64").toString(),
      ]),
    );

  test("a token is made in the cluster for the machine, short-lived and for nodes only", async () => {
    await cluster.serve("127.0.0.11");
    await open();
    await founded();
    const { token } = await asks(W1);
    const [secret, ...others] = secrets();
    expect(others).toEqual([]);
    const [id, word] = token!.split(".");
    expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(secret).toMatchObject({
      type: "bootstrap.kubernetes.io/token",
      metadata: { name: `bootstrap-token-${id}`, labels: { "sextant.machine": "52-54-00-00-00-21" } },
    });
    expect(read(secret)).toEqual({
      "token-id": id,
      "token-secret": word,
      description: "Sextant: for worker-1",
      expiration: new Date(rig.now + 3_600_000).toISOString().replace(".000", ""),
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    });
    expect(new Set(cluster.asked.map(({ by }) => by))).toEqual(new Set(["kubernetes-super-admin"]));
  });

  test("whoever asks again has the same token, later another one, and never two", async () => {
    await cluster.serve("127.0.0.11");
    await open();
    await founded();
    const [first, second] = await Promise.all([asks(W1), asks(W1)]);
    expect(second["token"]).toBe(first["token"]);
    rig.now += 1_700_000;
    expect((await asks(W1))["token"]).toBe(first["token"]);
    rig.now += 200_000;
    const third = await asks(W1);
    expect(third["token"]).not.toBe(first["token"]);
    expect(secrets().map((secret) => read(secret)["token-id"])).toEqual([third["token"]!.slice(0, 6)]);
  });

  test("a token of the machine from before our restart is removed, those of others stay", async () => {
    await cluster.serve("127.0.0.11");
    await open();
    await founded();
    await asks(W1);
    await says(CP2, "asks");
    await rig.service.close();
    await open();
    rig.now += 5_000;
    await asks(W1);
    expect(
      secrets()
        .map((secret) => read(secret)["description"])
        .sort(),
    ).toEqual(["Sextant: for cp-2", "Sextant: for worker-1"]);
  });

  test.each([
    { is: "True", stays: false },
    { is: "False", stays: true },
    { is: "Unknown", stays: true },
  ])("beside a Node of its name whose Ready is $is kubeadm lets it in, or we make room for it", async ({ is, stays }) => {
    await cluster.serve("127.0.0.11");
    await open();
    await founded();
    const nodes = "/api/v1/nodes";
    cluster.put(nodes, {
      kind: "Node",
      metadata: { name: "worker-1", uid: "before" },
      status: { conditions: [{ type: "Ready", status: is }] },
    });
    expect((await asks(W1))["do"]).toBe("join");
    expect(cluster.objects.has(`${nodes}/worker-1`)).toBe(stays);
    expect(journaled().some((line) => line.startsWith("21 info: the Node that it was before is deleted"))).toBe(!stays);
    expect((await asks(W1))["do"]).toBe("join");
  });

  test("when it has joined, its token is gone", async () => {
    await cluster.serve("127.0.0.11");
    await open();
    await founded();
    await asks(W1);
    expect(await says(W1, "joined")).toEqual({ ok: true, lines: { noted: "joined" } });
    await expect.poll(secrets).toEqual([]);
    expect(journaled().at(-1)).toBe("21 info: joined the cluster");
  });

  test("control planes join one after the other, workers meanwhile", async () => {
    await cluster.serve("127.0.0.11");
    await open();
    await founded();
    expect((await asks(CP2))["do"]).toBe("join");
    expect((await asks(CP3))["because"]).toBe("cp-2 joins first: control planes join one after another");
    expect((await asks(W1))["do"]).toBe("join");
    await says(CP2, "joined");
    expect((await asks(CP3))["do"]).toBe("join");
    await rig.service.hear(CP3, { state: "failed", reason: "etcd" });
    expect((await asks(CP2))["do"]).toBe("join");
    rig.now += 901_000;
    expect((await asks(CP3))["do"]).toBe("join");
  });

  test("a hundred and fifty that ask at once have a token each in the end, and the API is asked for few at a time", async () => {
    const machines = Array.from({ length: 150 }, (_, n) => mac(`52:54:00:00:01:${n.toString(16).padStart(2, "0")}`));
    const listed = machines.map((one, n) => `  - { mac: "${one}", name: many-${n} }\n`).join("");
    await cluster.serve("127.0.0.11");
    await open(withKubernetes("", `${THREE.replace("127.0.0.100-127.0.0.109", "127.0.0.60-127.0.0.250")}${listed}`));
    let left = machines;
    for (let round = 0; left.length > 0; round += 1) {
      expect(round).toBeLessThan(40);
      rig.now += 5_000;
      const told = await Promise.all(left.map(asks));
      expect(new Set(told.map((one) => one["because"]))).not.toContain("too many machines ask at once");
      left = left.filter((_, index) => told[index]!["do"] !== "join");
    }
    expect(new Set(secrets().map((secret) => read(secret)["description"])).size).toBe(150);
    expect(cluster.asked.filter(({ path }) => path.includes("/secrets")).length).toBe(300);
  });

  test("of control planes that ask at the same moment one joins", async () => {
    await cluster.serve("127.0.0.11");
    await open();
    const told = await Promise.all([asks(CP2), asks(CP3), asks(CP2), asks(CP3)]);
    expect(told.map((one) => one["do"])).toEqual(["join", "wait", "join", "wait"]);
  });

  test("nobody joins through itself, nor through one that is not ready", async () => {
    const first = await cluster.serve("127.0.0.11");
    await cluster.serve("127.0.0.12");
    await open();
    await founded();
    expect((await asks(W1))["endpoint"]).toBe("127.0.0.11:6443");
    expect((await asks(CP1))["endpoint"]).toBe("127.0.0.12:6443");
    first.mood = "starting";
    rig.now += 5_000;
    expect((await asks(W1))["endpoint"]).toBe("127.0.0.12:6443");
  });

  test("while no API answers a node waits and is told why, and the journal says it once however the words change", async () => {
    const server = await cluster.serve("127.0.0.11");
    rig.patience = { answer: 500, glance: 500 };
    await open();
    await founded();
    rig.entries.length = 0;
    for (const mood of ["hangs", "broken", "starting", "hangs"] as const) {
      server.mood = mood;
      rig.now += 5_000;
      expect((await asks(W1))["because"]).toMatch(/^no control plane's API is ready \(cp-1: /);
    }
    expect(journaled()).toEqual([expect.stringContaining("21 info: waits to join the cluster: no control plane's API is ready")]);
  });

  test("another control plane is asked when one has broken off", async () => {
    const first = await cluster.serve("127.0.0.11");
    await cluster.serve("127.0.0.12");
    await open();
    await founded();
    await asks(CP2);
    await first.close();
    expect((await asks(W1))["do"]).toBe("join");
  });
});
