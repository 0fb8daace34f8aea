import { describe, expect, test } from "vitest";
import { parseIndex } from "../../../bootstrapper/kubernetes/add-on-index.ts";
import { readManifests } from "../../../bootstrapper/kubernetes/manifest.ts";
import { formatIndex } from "../../../bsroot-builder/addons/add-on-index.ts";
import { addOnsOf } from "../../../bsroot-builder/addons/gather.ts";
import { filesOf, prepareAddOns } from "../../../bsroot-builder/addons/prepare.ts";
import type { SecretFinder } from "../../../cluster/extension.ts";
import { type AddOnName, addOnNames, rowOf } from "../../../cluster/kubernetes/addons.ts";
import { type KubeObject, readManifest } from "../../../cluster/kubernetes/manifest.ts";
import { layout } from "../../../cluster/layout.ts";
import { ingressFor } from "../../../templates/addons/ingress.ts";
import { kubeletConfiguration } from "../../../templates/kubernetes/kubeadm/component-configuration.ts";
import { addOns, nodePlan } from "../../../templates/registry.ts";
import { addOnContract } from "../../contract/add-on.ts";
import { expectGolden } from "../golden.ts";
import { ROCKY, server } from "../sample.ts";
import { fetchedFor, preparedOne, rackWith, rackWithOne } from "./sample-add-ons.ts";

const finder: SecretFinder = {
  ca: "our CA\n",
  tsig: (key) => `secret-of-${key}`,
  login: (registry) => Buffer.from(`me:password-for-${registry}`).toString("base64"),
  password: (name) => `password-${name}`,
  issuer: (name, domains) => ({ certificate: `${name} for ${domains.join(", ")}\n`, key: "its key\n", ca: "our CA\n" }),
};

for (const name of addOnNames) {
  const rack = rackWithOne(name);
  const { addOn, context } = addOnsOf(rack).find((one) => one.addOn.name === name)!;
  const prepared = preparedOne(name);
  addOnContract({ addOn, row: rowOf(name), cluster: rack, prepared, secrets: addOn.secrets?.(context, finder) ?? [] });
}

test("every add-on that a description may name is registered", () => {
  expect(Object.keys(addOns)).toEqual([...addOnNames]);
  for (const [name, addOn] of Object.entries(addOns)) expect(addOn.name).toBe(name);
});

test.each(addOnNames)("the manifests of %s are what they were", (name) => {
  const prepared = preparedOne(name);
  const { addOn, context } = addOnsOf(rackWithOne(name)).find((one) => one.addOn.name === name)!;
  const secrets = addOn.secrets?.(context, finder) ?? [];
  for (const { path, text } of filesOf({ ...prepared, secrets: [...secrets, ...prepared.secrets] })) {
    expectGolden(`addons/${path.replace(`${layout.addons}/`, "").replace(`${layout.tls.addons}/`, "")}`, text);
  }
  expectGolden(
    `addons/${name}/images.txt`,
    prepared.images
      .map((image) => `${image}\n`)
      .sort()
      .join(""),
  );
});

const textOf = (name: AddOnName, settings: Readonly<Record<string, string>> = {}): string =>
  filesOf(preparedOne(name, settings))
    .map(({ text }) => text)
    .join("");

describe("a setting changes what is applied:", () => {
  test.each([
    { name: "flannel", settings: { interface: "eth1" }, says: "--iface=eth1" },
    { name: "flannel", settings: { nftables: "yes" }, says: '"EnableNFTables": true' },
    { name: "coredns", settings: { forward: "10.0.0.7, 10.0.0.8" }, says: "forward . 10.0.0.7 10.0.0.8 {" },
    { name: "coredns", settings: {}, says: "forward . 10.0.0.1 {" },
    { name: "traefik", settings: { hostNetwork: "no", httpNodePort: "30081" }, says: "nodePort: 30081" },
    { name: "traefik", settings: {}, says: "hostNetwork: true" },
    { name: "local-path", settings: { folder: "/var/volumes" }, says: "/var/volumes" },
    { name: "opensearch", settings: { storage: "20Gi" }, says: "storage: 20Gi" },
    { name: "rook-ceph", settings: { devices: "none" }, says: "useAllDevices: false" },
    { name: "external-dns", settings: { policy: "upsert-only" }, says: "--policy=upsert-only" },
  ] as const)("$name $settings", ({ name, settings, says }) => {
    expect(textOf(name, settings)).toContain(says);
  });
});

test("flannel writes nftables where some machine has nothing else", () => {
  const rack = rackWith([], "flannel");
  const modern = {
    ...rack,
    machines: rack.machines.map((one, index) => (index === 1 ? { ...one, os: { ...ROCKY, version: "10" } } : one)),
  } as typeof rack;
  const network = (of: typeof rack) => JSON.stringify(prepareAddOns(of, new Map())[0]!.objects);
  expect(network(rack)).toContain('\\"EnableNFTables\\": false');
  expect(network(modern)).toContain('\\"EnableNFTables\\": true');
});

test("add-ons are applied in the order of their rows, whatever the description's is", () => {
  const rack = rackWith(
    [
      { name: "headlamp", settings: {} },
      { name: "metrics-server", settings: {} },
    ],
    "flannel",
  );
  const withDns = { ...rack, kubernetes: { ...rack.kubernetes, clusterDns: "coredns" as const } };
  expect(prepareAddOns(rack, fetchedFor(rack)).map(({ name }) => name)).toEqual(["flannel", "metrics-server", "headlamp"]);
  expect(prepareAddOns(withDns, new Map()).map(({ name }) => name)).toEqual(["flannel", "coredns", "metrics-server", "headlamp"]);
});

test("metrics-server asks kubelets by what their certificates name, and kubelets show these", () => {
  const rack = rackWith([{ name: "metrics-server", settings: {} }]);
  const [first, ...others] = rack.machines;
  const { address: _, ...leased } = first!;
  const by = (of: typeof rack) =>
    /--kubelet-preferred-address-types=([\w,]+)/.exec(JSON.stringify(prepareAddOns(of, new Map())[0]!.objects))![1];
  expect(by(rack)).toBe("InternalIP,Hostname");
  expect(by({ ...rack, machines: [leased, ...others] })).toBe("Hostname,InternalIP");
  const given = { cluster: rack, machine: first!, os: first!.os, server };
  expect(kubeletConfiguration(given)).toMatchObject({ tlsCertFile: "/etc/sextant/node.crt", tlsPrivateKeyFile: "/etc/sextant/node.key" });
  expect(kubeletConfiguration({ ...given, cluster: rackWith([]) })).not.toHaveProperty("tlsCertFile");
  expect(nodePlan(given).files.map(({ path }) => path)).toEqual(expect.arrayContaining(["/etc/sextant/node.crt", "/etc/sextant/node.key"]));
});

test.each(addOnNames)("the bootstrapper reads of %s what was written", (name) => {
  const prepared = preparedOne(name);
  const index = formatIndex([prepared]);
  expect(parseIndex(Buffer.from(index))).toEqual(JSON.parse(index));
  for (const { text } of filesOf(prepared)) expect(readManifests(text)).toEqual(readManifest(text));
});

test("a page has a certificate of cert-manager where its authority may speak for the name", () => {
  const issuer = (host?: string) => {
    const page = { name: "board", namespace: "board", host, service: "board", port: "http" };
    const rack = rackWith((["traefik", "cert-manager"] as const).map((name) => ({ name, settings: {} })));
    const [ingress] = ingressFor(page, rack);
    return [/cluster-issuer":"(\w+)"/.exec(JSON.stringify(ingress))?.[1], ingress!["spec"]];
  };
  const tls = (host: string, more = {}) => expect.objectContaining({ tls: [{ hosts: [host], ...more }] });
  expect(issuer()).toEqual(["sextant", tls("board.apps.cluster.example", { secretName: "board-tls" })]);
  expect(issuer("other.apps.cluster.example")).toEqual(["sextant", tls("other.apps.cluster.example", { secretName: "board-tls" })]);
  expect(issuer("board.cluster.example")).toEqual([undefined, tls("board.cluster.example")]);
});

test("a cluster without Kubernetes has no add-ons", () => {
  const { kubernetes, ...rack } = rackWith([{ name: "headlamp", settings: {} }], "flannel");
  const { version: _, ...without } = kubernetes;
  expect(addOnsOf({ ...rack, kubernetes: without })).toEqual([]);
});

test("a manifest of a project that has changed its layout is an error that says so", () => {
  const rack = rackWith([], "calico");
  const fetched = new Map([...fetchedFor(rack)].map(([path, text]) => [path, text.replaceAll("calico-node", "calico-agent")]));
  expect(() => prepareAddOns(rack, fetched)).toThrow(
    "calico: the manifests of this version have no DaemonSet calico-node, which is to be changed; write a version: that has it",
  );
});

test("what pods show to a registry has the shape that docker gives it", () => {
  const { addOn, context } = addOnsOf(rackWithOne("image-pull-secrets"))[0]!;
  const secrets = addOn.secrets!(context, finder) as readonly (KubeObject & { readonly data: Record<string, string> })[];
  const auth = (registry: string) => ({ auth: Buffer.from(`me:password-for-${registry}`).toString("base64") });
  expect(secrets.map(({ type, metadata: { name, namespace } }) => [type, namespace, name])).toEqual([
    ["kubernetes.io/dockerconfigjson", "default", "company"],
    ["kubernetes.io/dockerconfigjson", "shop", "company"],
    ["kubernetes.io/dockerconfigjson", "shop", "hub"],
  ]);
  expect(secrets.map(({ data }) => JSON.parse(Buffer.from(data[".dockerconfigjson"]!, "base64").toString()))).toEqual([
    { auths: { "registry.corp.lan:5000": auth("registry.corp.lan:5000") } },
    { auths: { "registry.corp.lan:5000": auth("registry.corp.lan:5000") } },
    { auths: { "https://index.docker.io/v1/": auth("docker.io") } },
  ]);
});

test("the password of Grafana is in a Secret, and in nothing else", () => {
  const { addOn, context } = addOnsOf(rackWithOne("kube-prometheus")).find((one) => one.addOn.name === "kube-prometheus")!;
  const [secret] = addOn.secrets!(context, finder);
  expect(secret).toMatchObject({ kind: "Secret", stringData: { "admin-password": "password-grafana-password" } });
  expect(JSON.stringify(preparedOne("kube-prometheus"))).not.toContain("password-grafana-password");
});
