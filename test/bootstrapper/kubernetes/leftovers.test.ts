/** What the bsroot no longer has stays in the cluster until the operator says otherwise, and then only that goes: by the real service, over TLS. */
import { expect, test } from "vitest";
import { keyInWords } from "../../../bootstrapper/kubernetes/leftovers.ts";
import type { FakeCluster } from "./fake-api.ts";
import { beforeEachRig, CP1, type Rig } from "./rig.ts";

let rig: Rig;
let cluster: FakeCluster;
beforeEachRig(async (laid) => {
  [rig, cluster] = [laid, laid.cluster];
  await cluster.serve("127.0.0.11");
});

const object = (apiVersion: string, kind: string, name: string, namespace?: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${name}${namespace === undefined ? "" : `, namespace: ${namespace}`} }\n`;
const files = (...objects: string[]): string => objects.join("---\n");
const SPACE = object("v1", "Namespace", "demo");
const A = object("v1", "ConfigMap", "a", "demo");
const B = object("v1", "ConfigMap", "b", "demo");
const WEB = object("apps/v1", "Deployment", "web", "demo");
const KIND = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.demo.io");
const THING = object("demo.io/v1", "Thing", "one");
const HOOK = object("apiregistration.k8s.io/v1", "APIService", "v1.metrics");

const left = async (): Promise<string[]> => (await rig.service.leftovers()).map((one) => `${one.addOn} ${keyInWords(one)} ${one.is}`);
const takeAll = async (): Promise<void> => {
  for (const one of await rig.service.leftovers()) if (one.is === "ours") await rig.service.takeAway(one.addOn, one);
};
const said = (): string[] => rig.journaled().filter((line) => line.includes("prune"));
const there = (path: string): boolean => cluster.objects.has(path);

test("an add-on that is gone: told once, deleted in the order in which it can go, and what holds more than it put there stays", async () => {
  cluster.resources.set("demo.io/v1", { Thing: "things." });
  rig.addOns({ one: files(SPACE, KIND, A, WEB, HOOK, THING), two: B });
  await rig.open();
  expect(await left()).toEqual([]);
  rig.addOns({ two: B });
  await rig.look(3);
  expect(said()).toEqual([
    "info: add-on one: 6 objects of it that the bsroot does not have may still be there; see bootstrapper cluster prune",
  ]);
  expect(rig.service.view().addOns.map(({ name, is }) => `${name} ${is}`)).toEqual(["two well", "one left"]);
  expect(await left()).toEqual([
    "one APIService v1.metrics ours",
    "one Thing one data",
    "one Deployment demo/web ours",
    "one ConfigMap demo/a ours",
    "one CustomResourceDefinition things.demo.io data",
    "one Namespace demo data",
  ]);
  await takeAll();
  expect(await left()).toEqual(["one Thing one data", "one CustomResourceDefinition things.demo.io data", "one Namespace demo data"]);
  expect(["demo/configmaps/a", "demo/configmaps/b"].map((path) => there(`/api/v1/namespaces/${path}`))).toEqual([false, true]);
});

test("another version of an add-on leaves behind what it no longer has, over several versions and restarts of ours", async () => {
  rig.addOns({ one: files(SPACE, A, B) });
  await rig.open();
  rig.addOns({ one: files(SPACE, B, WEB) });
  await rig.look();
  rig.addOns({ one: files(SPACE) });
  await rig.look();
  await rig.service.close();
  await rig.open();
  expect(await left()).toEqual(["one Deployment demo/web ours", "one ConfigMap demo/b ours", "one ConfigMap demo/a ours"]);
  rig.addOns({ one: files(SPACE, A) });
  await rig.look();
  expect(await left()).toEqual(["one Deployment demo/web ours", "one ConfigMap demo/b ours"]);
});

test("of an add-on that was refused half-way, what was not refused is left behind", async () => {
  rig.addOns({ one: files(SPACE, A, object("v1", "Nothing", "x"), B) });
  await rig.open();
  await rig.look(3);
  rig.addOns({});
  await rig.look();
  expect(await left()).toEqual(["one ConfigMap demo/a ours", "one Namespace demo data"]);
});

test("an object that another add-on has by now is not left behind, whatever version of its group it is written in", async () => {
  cluster.resources.set("apps/v2", { Deployment: "deployments" });
  rig.addOns({ one: files(SPACE, WEB) });
  await rig.open();
  rig.addOns({ two: files(SPACE, WEB.replace("apps/v1", "apps/v2")) });
  await rig.look();
  expect(await left()).toEqual([]);
});

test("what kubeadm made, what others took over and what is gone already is not ours to delete", async () => {
  rig.addOns({ one: files(SPACE, A, B, WEB) });
  await rig.open();
  const by = (path: string, ...managers: string[]): void => {
    const { metadata } = cluster.objects.get(path)!;
    Object.assign(metadata, { managedFields: managers.map((manager) => ({ manager, operation: "Update" })) });
  };
  by("/api/v1/namespaces/demo/configmaps/a", "kubeadm", "sextant");
  by("/api/v1/namespaces/demo/configmaps/b", "helm");
  cluster.objects.delete("/apis/apps/v1/namespaces/demo/deployments/web");
  rig.addOns({});
  await rig.look();
  expect(await left()).toEqual(["one ConfigMap demo/b shared", "one ConfigMap demo/a shared", "one Namespace demo data"]);
  cluster.objects.delete("/api/v1/namespaces/demo/configmaps/a");
  cluster.objects.delete("/api/v1/namespaces/demo/configmaps/b");
  cluster.objects.delete("/api/v1/namespaces/demo");
  expect(await left()).toEqual([]);
  await rig.look();
  expect(rig.service.view().addOns).toEqual([]);
});

test("one that was made anew since somebody looked is left alone, and one that is gone is done", async () => {
  rig.addOns({ one: files(SPACE, A) });
  await rig.open();
  rig.addOns({ two: SPACE });
  await rig.look();
  const [a] = await rig.service.leftovers();
  const path = "/api/v1/namespaces/demo/configmaps/a";
  const { get } = cluster.objects;
  let looks = 0;
  cluster.objects.get = (key) => {
    const found = get.call(cluster.objects, key);
    if (key === path) looks += 1;
    if (key === path && looks === 2) found!.metadata.uid = "another";
    return found && structuredClone(found);
  };
  await expect(rig.service.takeAway("one", a!)).rejects.toThrow(/ConfigMap demo\/a: .*UID in the precondition/);
  expect(there(path)).toBe(true);
  await rig.service.takeAway("one", a!);
  await rig.service.takeAway("one", a!);
  expect(there(path)).toBe(false);
});

test("what the bsroot has again is not taken away, nor what is just being applied", async () => {
  rig.addOns({ one: files(SPACE, A, B) });
  await rig.open();
  rig.addOns({ two: SPACE });
  await rig.look();
  const [b, a] = await rig.service.leftovers();
  rig.addOns({ one: files(SPACE, A, B), two: SPACE });
  await rig.look();
  await rig.service.takeAway("one", b!);
  expect(rig.journaled().at(-1)).toBe("info: add-on one: ConfigMap demo/b is not left behind any more, and nothing is deleted");
  rig.addOns({ one: files(SPACE, B) });
  await rig.look();
  rig.addOns({ one: files(SPACE, A, B) });
  let taken: Promise<void> | undefined;
  cluster.onApply = ({ metadata }) => {
    if (metadata.name === "b") taken = rig.service.takeAway("one", a!);
  };
  await rig.look();
  await taken;
  expect(["a", "b"].map((name) => there(`/api/v1/namespaces/demo/configmaps/${name}`))).toEqual([true, true]);
});

test("an add-on that was taken away and comes back as it was is applied again", async () => {
  rig.addOns({ one: files(SPACE, A), two: SPACE });
  await rig.open();
  rig.addOns({ two: SPACE });
  await rig.look();
  await takeAll();
  rig.addOns({ one: files(SPACE, A), two: SPACE });
  await rig.look();
  expect(there("/api/v1/namespaces/demo/configmaps/a")).toBe(true);
});

test("of the account that every namespace has, only what we put into it goes", async () => {
  cluster.put("/api/v1/namespaces", { kind: "Namespace", metadata: { name: "default" } });
  cluster.put("/api/v1/namespaces/default/serviceaccounts", {
    kind: "ServiceAccount",
    metadata: { name: "default", uid: "account", resourceVersion: "1" },
    imagePullSecrets: [{ name: "theirs" }],
  });
  rig.addOns({ pull: `${object("v1", "ServiceAccount", "default", "default")}imagePullSecrets: [{ name: company }]\n` });
  await rig.open();
  rig.addOns({});
  await rig.look();
  expect(await left()).toEqual(["pull ServiceAccount default/default ours"]);
  await takeAll();
  expect(cluster.objects.get("/api/v1/namespaces/default/serviceaccounts/default")).toMatchObject({
    imagePullSecrets: [{ name: "theirs" }],
  });
  expect(await left()).toEqual([]);
});

test("while the add-ons of the bsroot cannot be read, nothing is taken for left behind", async () => {
  rig.addOns({ one: files(SPACE, A) });
  await rig.open();
  const index = "html/static/addons/index.json";
  rig.files.set(index, "{");
  await rig.look();
  await expect(rig.service.leftovers()).rejects.toThrow(`${index}: is no JSON`);
  expect(said()).toEqual([]);
});

test("a cluster that was founded anew has none of it", async () => {
  rig.addOns({ one: files(SPACE, A) });
  await rig.open();
  rig.addOns({});
  await rig.service.close();
  await cluster.close();
  await rig.open();
  await rig.service.forget();
  await rig.service.hear(CP1, { state: "asks" });
  await expect(rig.service.leftovers()).rejects.toThrow("no cluster is founded yet");
});

test("what an earlier release applied, which did not write down what it was, is known after the next look", async () => {
  rig.addOns({ one: files(SPACE, A) });
  await rig.open();
  const table = rig.store.table<Record<string, unknown>>("add-ons");
  const { objects, ...rest } = (await table.entries()).get("one")!;
  expect(objects).toHaveLength(2);
  await rig.service.close();
  await table.put("one", rest);
  await rig.open();
  rig.addOns({});
  await rig.look();
  expect(await left()).toEqual(["one ConfigMap demo/a ours", "one Namespace demo data"]);
});

test("after the cluster was brought back to a snapshot its add-ons are applied again, and what they left behind is still known", async () => {
  rig.addOns({ one: files(SPACE, A), two: files(SPACE, B) });
  await rig.open();
  rig.addOns({ two: files(SPACE, B) });
  await rig.look();
  cluster.objects.delete("/api/v1/namespaces/demo/configmaps/b");
  await rig.service.recognise(CP1);
  await rig.look();
  expect(there("/api/v1/namespaces/demo/configmaps/b")).toBe(true);
  expect(rig.journaled().filter((line) => line === "info: add-on two applied")).toHaveLength(2);
  expect(await left()).toEqual(["one ConfigMap demo/a ours"]);
});
