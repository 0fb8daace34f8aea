/** The cluster looked after: by the real service, over TLS, while API servers come, go and say what is wrong. */
import { describe, expect, test } from "vitest";
import { layout } from "../../../cluster/layout.ts";
import type { FakeCluster, FakeServer, Thing } from "./fake-api.ts";
import { beforeEachRig, CP1, CP2, type Rig, W1, withKubernetes } from "./rig.ts";

let rig: Rig;
let cluster: FakeCluster;
let server: FakeServer;
beforeEachRig(async (laid) => {
  [rig, cluster] = [laid, laid.cluster];
  server = await cluster.serve("127.0.0.11");
});

const node = (name: string, ready = "True", message = ""): Thing => ({
  kind: "Node",
  metadata: { name, labels: {} },
  status: { nodeInfo: { kubeletVersion: "v1.20.2" }, conditions: [{ type: "Ready", status: ready, message }] },
});
const put = (...nodes: Thing[]): void => {
  for (const one of nodes) cluster.put("/api/v1/nodes", one);
};

describe("nodes", () => {
  test("a cluster that nobody remembers is remembered when it answers, and shown", async () => {
    put(node("cp-1"), node("worker-1", "False", "PLEG is not healthy"));
    rig.phases.set(W1, "ready");
    await rig.open();
    expect(rig.service.view()).toMatchObject({
      version: "1.20.2",
      endpoint: "api.demo.lan:6443",
      founding: { is: "done", by: "cp-1", at: Date.UTC(2026, 10, 1, 12) },
      servers: [
        { name: "cp-1", is: "ready" },
        { name: "cp-2", is: "silent" },
        { name: "cp-3", is: "silent" },
      ],
      nodes: { ready: 1, expected: 5 },
      missing: ["node worker-1: it is not Ready: PLEG is not healthy"],
    });
    expect(rig.service.node(W1)).toMatchObject({ ready: false, because: "it is not Ready: PLEG is not healthy" });
    expect(rig.service.node(CP2)).toBeUndefined();
  });

  test("what lasts is journaled on its machine, once, and so is its end", async () => {
    put(node("worker-1", "False", "PLEG is not healthy"));
    rig.phases.set(W1, "ready");
    await rig.open();
    await rig.look(4);
    put(node("worker-1"));
    await rig.look(3);
    expect(rig.journaled().slice(1)).toEqual([
      "21 info: its node has the labels of the description",
      "21 warning: node worker-1: it is not Ready: PLEG is not healthy",
      "21 info: its node has the labels of the description",
      "21 info: node worker-1: all is well again",
    ]);
  });

  test("a node is given the labels that its kubelet may not set, and is not touched again", async () => {
    put(node("worker-1"));
    await rig.open(withKubernetes().replace("name: worker-1,", "name: worker-1, labels: { rack: r1 },"));
    await rig.look(3);
    expect(cluster.objects.get("/api/v1/nodes/worker-1")!.metadata.labels).toEqual({ "node-role.kubernetes.io/worker": "", rack: "r1" });
    expect(cluster.asked.filter(({ method }) => method === "PATCH").map(({ path }) => path)).toEqual([
      "/api/v1/nodes/worker-1?fieldManager=sextant&force=true",
    ]);
  });

  test("an API that goes away is journaled, and what was known of the nodes stays", async () => {
    put(node("cp-1"));
    rig.phases.set(CP1, "ready");
    await rig.open();
    await rig.look();
    server.mood = "starting";
    await rig.look(2);
    expect(rig.journaled().filter((line) => line.includes("warning"))).toEqual([
      "warning: no API server of the cluster is ready",
      "11 warning: the API server of cp-1 is not ready: etcd",
    ]);
    expect(rig.service.view().nodes.ready).toBe(1);
    server.mood = "ready";
    await rig.look(2);
    expect(rig.journaled().at(-1)).toContain("all is well again");
  });

  test("nothing is well again only because nobody can be asked about it", async () => {
    put(node("worker-1", "False", "PLEG is not healthy"));
    rig.phases.set(W1, "ready");
    await rig.open();
    await rig.look(2);
    server.mood = "starting";
    await rig.look(3);
    expect(rig.journaled().join("\n")).not.toContain("all is well again");
    expect(rig.service.view().missing).toEqual(
      expect.arrayContaining(["no API server of the cluster is ready", "node worker-1: it is not Ready: PLEG is not healthy"]),
    );
    put(node("worker-1"));
    server.mood = "ready";
    await rig.look(3);
    expect(rig.journaled()).toContain("21 info: node worker-1: all is well again");
  });

  test("DNS is told which control planes serve", async () => {
    await cluster.serve("127.0.0.12");
    await rig.open();
    server.mood = "starting";
    await rig.look();
    expect(rig.serving.at(0)).toEqual([CP1, CP2]);
    expect(rig.serving.at(-1)).toEqual([CP2]);
  });

  test.each(["hangs", "broken"] as const)(
    "an API server that %s holds nobody up, and its answer is not waited for when we end",
    async (mood) => {
      rig.patience = { answer: 500, glance: 500 };
      await rig.open();
      server.mood = mood;
      const looking = rig.look();
      expect((await rig.service.hear(CP1, { state: "founding" })).ok).toBe(true);
      await rig.service.close();
      await looking;
    },
  );

  test("without Kubernetes nobody is asked anything", async () => {
    await rig.open(withKubernetes().replace(/kubernetes:.*/, ""));
    await rig.look();
    expect(cluster.asked).toEqual([]);
    expect(rig.service.view()).toMatchObject({ founding: { is: "open" }, missing: [] });
    expect(rig.service.view().version).toBeUndefined();
  });

  test("without the administrator's certificate the operator is told what to do", async () => {
    rig.files.delete(layout.tls.superAdminKey);
    await rig.open();
    expect(rig.service.view().missing).toEqual([
      expect.stringContaining("tls/kubernetes/super-admin.key cannot be read; build the bsroot again"),
    ]);
  });
});

describe("add-ons", () => {
  const map = (name: string, data: string, namespace = "demo"): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: ${namespace} }\ndata: { it: "${data}" }\n`;
  const SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: { name: demo }\n";
  const WEB = `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web, namespace: demo }\nspec: { replicas: 1 }\n`;
  const web = [{ kind: "Deployment", namespace: "demo", name: "web" }] as const;
  const patched = (): string[] =>
    cluster.asked.filter(({ method }) => method === "PATCH").map(({ path }) => path.replace(/\?.*/, "").replace(/^.*namespaces\//, ""));
  const standing = (): string[] => rig.service.view().addOns.map(({ name, is, because }) => `${name} ${is}: ${because}`);
  const deploymentRuns = (): void => {
    const place = "/apis/apps/v1/namespaces/demo/deployments/web";
    cluster.objects.set(place, { ...cluster.objects.get(place)!, status: { updatedReplicas: 1, availableReplicas: 1 } });
  };

  test("are applied in their order, the namespace first, and the next one when the one before is well", async () => {
    rig.addOns({ first: `${map("a", "1")}---\n${WEB}---\n${SPACE}`, second: map("b", "1") }, { first: web });
    await rig.open();
    await rig.look(2);
    expect(patched()).toEqual(["demo", "demo/configmaps/a", "demo/deployments/web"]);
    expect(standing()).toEqual(["first starts: Deployment demo/web: 0 of 1 pods are available", "second waits: first is not well yet"]);
    expect(rig.journaled()).toContain("warning: add-on first: Deployment demo/web: 0 of 1 pods are available");
    deploymentRuns();
    await rig.look(2);
    expect(patched().slice(3)).toEqual(["demo/configmaps/b"]);
    expect(standing()).toEqual(["first well: all of it runs", "second well: all of it runs"]);
    expect(rig.journaled()).toContain("info: add-on first: all is well again");
  });

  test("are applied once, also over a restart of ours, and again when the bsroot brings other bytes", async () => {
    rig.addOns({ one: `${SPACE}---\n${map("a", "1")}` });
    await rig.open();
    await rig.look();
    await rig.service.close();
    await rig.open();
    expect(patched()).toEqual(["demo", "demo/configmaps/a"]);
    rig.addOns({ one: `${SPACE}---\n${map("a", "2")}` });
    await rig.look();
    expect(cluster.objects.get("/api/v1/namespaces/demo/configmaps/a")).toMatchObject({ data: { it: "2" } });
    expect(rig.journaled().at(-1)).toBe("info: add-on one applied: the bsroot has another one than before");
  });

  test("what is removed from the cluster is missed", async () => {
    rig.addOns({ one: `${SPACE}---\n${WEB}` }, { one: web });
    await rig.open();
    cluster.objects.delete("/apis/apps/v1/namespaces/demo/deployments/web");
    await rig.look();
    expect(standing()).toEqual(["one starts: Deployment demo/web: it is not there"]);
  });

  test("a kind is waited for until the cluster knows it", async () => {
    const DEFINITION = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: things.demo.io }\n";
    const THING = "apiVersion: demo.io/v1\nkind: Thing\nmetadata: { name: one }\n";
    cluster.onApply = ({ kind }) => {
      if (kind === "CustomResourceDefinition") setTimeout(() => cluster.resources.set("demo.io/v1", { Thing: "things." }), 400);
    };
    rig.addOns({ one: `${THING}---\n${DEFINITION}` });
    await rig.open();
    expect(patched()).toEqual([expect.stringContaining("customresourcedefinitions/things.demo.io"), "/apis/demo.io/v1/things/one"]);
  });

  test.each([
    {
      what: "a kind that nobody has",
      text: "apiVersion: v1\nkind: Nothing\nmetadata: { name: x }\n",
      because: "Nothing x: the cluster has no Nothing of v1",
    },
    {
      what: "a group that nobody has",
      text: "apiVersion: nobody.io/v1\nkind: Thing\nmetadata: { name: x }\n",
      because: "Thing x: the cluster has no Thing of nobody.io/v1",
    },
    {
      what: "a namespace that is not there",
      text: map("a", "1", "elsewhere"),
      because: 'ConfigMap a: 127.0.0.11: PATCH /api/v1/namespaces/elsewhere/configmaps/a: 404, "/api/v1/namespaces/elsewhere" not found',
    },
    {
      what: "an object without a name",
      text: "apiVersion: v1\nkind: ConfigMap\n",
      because: "html/static/addons/one.yaml has no apiVersion, kind and metadata.name in document 1",
    },
    {
      what: "a name that leads elsewhere",
      text: "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ../../nodes/w }\n",
      because: 'html/static/addons/one.yaml has a ConfigMap with the name "../../nodes/w", which is none',
    },
    { what: "no YAML", text: "a: [", because: "html/static/addons/one.yaml is no YAML in document 1: " },
  ])("$what is refused, said, and tried again", async ({ text, because }) => {
    rig.addOns({ one: text, two: SPACE });
    await rig.open();
    await rig.look();
    expect(standing()).toEqual([expect.stringContaining(`one refused: ${because}`), "two waits: one is not well yet"]);
    expect(rig.journaled().at(-1)).toContain(`warning: add-on one: ${because}`);
    rig.addOns({ one: SPACE, two: SPACE });
    await rig.look();
    expect(standing()).toEqual(["one well: all of it runs", "two well: all of it runs"]);
  });

  test("a file that is another one than the index means is not applied", async () => {
    rig.addOns({ one: SPACE });
    rig.files.set(`${layout.addons}/one.yaml`, map("a", "1"));
    await rig.open();
    expect(standing()).toEqual(["one refused: html/static/addons/one.yaml is another one than index.json means; build the bsroot again"]);
    expect(patched()).toEqual([]);
  });

  test("an APIService, which older releases cannot apply, is made, and merged with when it is there", async () => {
    const service = (priority: number): string =>
      `apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: { name: v1.metrics }\nspec: { versionPriority: ${priority} }\n`;
    const kept = (): unknown => cluster.objects.get("/apis/apiregistration.k8s.io/v1/apiservices/v1.metrics")?.["spec"];
    rig.addOns({ one: service(1) });
    await rig.open();
    expect(kept()).toEqual({ versionPriority: 1 });
    rig.addOns({ one: service(2) });
    await rig.look();
    expect([kept(), standing()]).toEqual([{ versionPriority: 2 }, ["one well: all of it runs"]]);
  });

  test("secrets come from where nobody is served, before what refers to them, and no word of them is journaled", async () => {
    const SECRET = "apiVersion: v1\nkind: Secret\nmetadata: { name: password, namespace: demo }\nstringData: { it: hunter2 }\n";
    rig.addOns({ one: `${WEB}---\n${SPACE}` }, {}, { one: SECRET });
    await rig.open();
    expect(patched()).toEqual(["demo", "demo/secrets/password", "demo/deployments/web"]);
    rig.addOns({ one: SPACE }, {}, { one: SECRET.replaceAll("demo", "elsewhere") });
    await rig.look(2);
    expect(standing()).toEqual(["one refused: Secret password: the cluster refuses it with 404"]);
    expect(JSON.stringify(rig.entries)).not.toContain("hunter2");
  });

  test("an index that makes no sense is said once", async () => {
    rig.files.set(
      `${layout.addons}/index.json`,
      '{"version":1,"addons":[{"name":"../x","files":[{"path":"../../tls/ca-key.pem","sha256":""}],"workloads":[]}]}',
    );
    await rig.open();
    await rig.look(3);
    const lines = rig.journaled().filter((line) => line.includes("add-ons are not applied"));
    expect(lines).toEqual([expect.stringContaining("html/static/addons/index.json: addons.0.name: ")]);
  });

  test("a disk that refuses is said, and the add-on is applied again later", async () => {
    rig.addOns({ one: SPACE });
    cluster.close();
    await rig.open();
    await cluster.serve("127.0.0.11");
    await rig.service.hear(CP1, { state: "asks" });
    await rig.service.hear(CP1, { state: "founded" });
    rig.store.fail(new Error("the disk is full"));
    await rig.look();
    expect(rig.journaled().at(-1)).toBe("warning: add-ons are not applied: the disk is full");
    rig.store.fail(undefined);
    await rig.look();
    expect(standing()).toEqual(["one well: all of it runs"]);
  });
});
