/** What pods pull with comes into ServiceAccounts that others write too: by the real service, over TLS. */
import { expect, test } from "vitest";
import type { FakeCluster, Thing } from "./fake-api.ts";
import { beforeEachRig, type Rig } from "./rig.ts";

let rig: Rig;
let cluster: FakeCluster;
beforeEachRig(async (laid) => {
  [rig, cluster] = [laid, laid.cluster];
  await cluster.serve("127.0.0.11");
  cluster.put("/api/v1/namespaces", { kind: "Namespace", metadata: { name: "default" } });
});

const ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default";
const account = (names: string, namespace = "default"): string =>
  `apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: default, namespace: ${namespace} }\nimagePullSecrets: [${names}]\n`;
const secret = (password: string, namespace = "default"): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: { name: company, namespace: ${namespace} }\ntype: kubernetes.io/dockerconfigjson\ndata: { .dockerconfigjson: ${password} }\n`;
const COMPANY = "{ name: company }";
const put = (thing: Partial<Thing> = {}): void =>
  cluster.put("/api/v1/namespaces/default/serviceaccounts", {
    kind: "ServiceAccount",
    metadata: { name: "default", resourceVersion: "1" },
    ...thing,
  });
const names = (path = ACCOUNT): unknown => cluster.objects.get(path)?.["imagePullSecrets"];
const standing = (): readonly string[] => rig.service.view().addOns.map(({ name, is, because }) => `${name} ${is}: ${because}`);

test("what others put there stays, also when ours is taken out again", async () => {
  put({ imagePullSecrets: [{ name: "theirs" }], secrets: [{ name: "token" }] });
  rig.addOns({ pull: account(`${COMPANY}, { name: hub }`) }, {}, { pull: secret("aHVudGVyMg==") });
  await rig.open();
  expect(names()).toEqual([{ name: "theirs" }, { name: "company" }, { name: "hub" }]);
  expect(cluster.objects.get(ACCOUNT)?.["secrets"]).toEqual([{ name: "token" }]);
  rig.addOns({ pull: account(COMPANY) }, {}, { pull: secret("aHVudGVyMg==") });
  await rig.look();
  expect(names()).toEqual([{ name: "theirs" }, { name: "company" }]);
});

test("a namespace that is not there is made, and its account before anybody else makes it", async () => {
  const space = "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n";
  rig.addOns({ pull: `${space}---\n${account(COMPANY, "shop")}` }, {}, { pull: secret("aHVudGVyMg==", "shop") });
  await rig.open();
  expect(standing()).toEqual(["pull well: all of it runs"]);
  expect(names("/api/v1/namespaces/shop/serviceaccounts/default")).toEqual([{ name: "company" }]);
  expect(cluster.objects.get("/api/v1/namespaces/shop/secrets/company")).toMatchObject({ data: { ".dockerconfigjson": "aHVudGVyMg==" } });
});

test("who writes in between loses nothing", async () => {
  put();
  let came = false;
  const { get } = cluster.objects;
  cluster.objects.get = function (path) {
    const thing = get.call(this, path);
    const asked = cluster.asked.at(-1);
    if (path === ACCOUNT && asked?.method === "PATCH" && asked.body.includes("resourceVersion") && !came) {
      came = true;
      put({ imagePullSecrets: [{ name: "theirs" }], metadata: { name: "default", resourceVersion: "77" } });
      return get.call(this, path);
    }
    return thing;
  };
  rig.addOns({ pull: account(COMPANY) });
  await rig.open();
  expect(came).toBe(true);
  expect(names()).toEqual([{ name: "theirs" }, { name: "company" }]);
});

test("another password comes into the cluster, and neither is journaled nor shown", async () => {
  put();
  rig.addOns({ pull: account(COMPANY) }, {}, { pull: secret("aHVudGVyMg==") });
  await rig.open();
  const writes = () => cluster.asked.filter(({ method, path }) => method === "PATCH" && path.startsWith(ACCOUNT)).length;
  expect(writes()).toBe(2);
  rig.addOns({ pull: account(COMPANY) }, {}, { pull: secret("aHVudGVyMw==") });
  await rig.look(2);
  expect(cluster.objects.get("/api/v1/namespaces/default/secrets/company")).toMatchObject({
    data: { ".dockerconfigjson": "aHVudGVyMw==" },
  });
  expect(names()).toEqual([{ name: "company" }]);
  expect(writes()).toBe(3); // applied again, and nothing to join
  expect(JSON.stringify([rig.entries, rig.service.view()])).not.toMatch(/aHVudGVyM|hunter/);
});

test("an account that others keep writing is tried again at the next look", async () => {
  put();
  const { get } = cluster.objects;
  let busy = true;
  let version = 100;
  cluster.objects.get = function (path) {
    const asked = cluster.asked.at(-1);
    if (busy && path === ACCOUNT && asked?.method === "PATCH" && asked.body.includes("resourceVersion")) {
      version += 1;
      put({ metadata: { name: "default", resourceVersion: `${version}` } });
    }
    return get.call(this, path);
  };
  rig.addOns({ pull: account(COMPANY) });
  await rig.open();
  expect(standing()).toEqual([expect.stringContaining("pull refused: ServiceAccount default: 127.0.0.11: PATCH")]);
  busy = false;
  await rig.look();
  expect(names()).toEqual([{ name: "company" }]);
});

test("one add-on takes nothing from a namespace that another says more of", async () => {
  const space = (labels = ""): string => `apiVersion: v1\nkind: Namespace\nmetadata: { name: shop${labels} }\n`;
  rig.addOns({ pull: space(), shop: space(", labels: { level: privileged }") });
  await rig.open();
  const managers = cluster.asked
    .filter(({ method }) => method === "PATCH")
    .map(({ path }) => new URLSearchParams(path.split("?")[1]).get("fieldManager"));
  expect(managers).toEqual(["sextant-pull", "sextant-shop"]);
});
