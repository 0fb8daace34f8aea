/** What a description says of add-ons and charts: every mistake where it stands, with what to write instead. */
import { describe, expect, test } from "vitest";
import { addOnNames, chosenAddOns, meantAddOn, settingsOf } from "../../../cluster/kubernetes/addons.ts";
import { formatProblem, parse } from "../../../cluster/parse.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0QxFeASztlHYA1mfAQvXJJTGHcbCO0tTLnWw49wGfy admin@laptop";
const MACHINES = `machines:
  - { mac: "52:54:00:00:00:11", name: cp-1, roles: [control-plane] }
  - { mac: "52:54:00:00:00:12", name: edge-1, roles: [worker, ingress] }
`;

const description = (kubernetes: string, more = "", machines = MACHINES): string => `cluster: demo
domain: demo.lan
network: { subnet: 10.77.0.0/24, bootstrapper: 10.77.0.1, range: 10.77.0.100-10.77.0.199 }
os: { target: flatcar, version: 4593.2.5 }
sshKeys: ["${KEY}"]
${more}kubernetes: { version: 1.36.2, ${kubernetes} }
${machines}`;

function said(text: string): readonly string[] {
  const parsed = parse(text, "c.yml");
  const all = parsed.ok ? parsed.warnings : [...parsed.problems, ...parsed.warnings];
  return all.map((one) => formatProblem(one).replace(/^c\.yml:\d+:\d+: /, ""));
}

const AT = "kubernetes.addons";

describe("an add-on that is none:", () => {
  test.each([
    { write: "metric-server", instead: "metrics-server" },
    { write: "metricserver", instead: "metrics-server" },
    { write: "prometheus", instead: "kube-prometheus" },
    { write: "altermanager", instead: "kube-prometheus" },
    { write: "es", instead: "opensearch" },
    { write: "filebeat", instead: "opensearch" },
    { write: "kubernetes-dashboard", instead: "headlamp" },
    { write: "ingress-nginx", instead: "traefik" },
    { write: "ceph", instead: "rook-ceph" },
    { write: "nvidia", instead: "nvidia-device-plugin" },
  ])("$write is $instead", ({ write, instead }) => {
    expect(said(description(`addons: { ${write}: {} }`))).toEqual([`${AT}.${write}: "${write}" is no add-on; write ${instead}`]);
  });

  test("helm is what charts are for", () => {
    expect(said(description("addons: { helm: {} }"))).toEqual([expect.stringMatching(/write them below kubernetes\.charts$/)]);
  });

  test("one that nobody knows is answered with those there are", () => {
    expect(said(description("addons: { blockchain: {} }"))).toEqual([
      expect.stringMatching(/write one of coredns, metrics-server, .*, or a chart/),
    ]);
  });

  test("no other name is the name of an add-on, and each means one", () => {
    for (const name of addOnNames) expect(meantAddOn(name)).toBe(name);
  });
});

describe("what does not go together:", () => {
  const keys = (may: string, name = "cluster") => `dns: { keys: [{ name: ${name}, may: [${may}] }] }\n`;
  test.each([
    {
      what: "a setting that is none",
      text: description("addons: { metrics-server: { replica: 2 } }"),
      says: `${AT}.metrics-server.replica: "replica" is no setting of metrics-server; write replicas`,
    },
    {
      what: "a setting that cannot be",
      text: description("addons: { metrics-server: { replicas: many } }"),
      says: `${AT}.metrics-server.replicas: "many" is not a number that fits here; write a number from 1 to 9`,
    },
    {
      what: "a second pod network",
      text: description("addons: { calico: {} }"),
      says: `${AT}.calico: there is one pod network, and it is flannel; leave this out, or write podNetwork: calico`,
    },
    {
      what: "rook-ceph without storage nodes",
      text: description("addons: { rook-ceph: {} }"),
      says: `${AT}.rook-ceph: rook-ceph runs on machines with role storage, and there is none; write roles: [storage] for one`,
    },
    {
      what: "GPUs without a node that has one",
      text: description("addons: { nvidia-device-plugin: {} }"),
      says: /runs on machines with the label nvidia\.com\/gpu\.present, and there is none; write labels: \{ nvidia\.com\/gpu\.present: "true" \} for one$/,
    },
    {
      what: "external-dns without a key",
      text: description("addons: { external-dns: {} }"),
      says: `${AT}.external-dns: there is no key that may both update and transfer; write { name: external-dns, may: [update, transfer] } below dns.keys`,
    },
    {
      what: "external-dns with a key that may too little",
      text: description("addons: { external-dns: { key: cluster } }", keys("update")),
      says: `${AT}.external-dns.key: "cluster" is no key that may both update and transfer; write { name: cluster, may: [update, transfer] } below dns.keys`,
    },
    {
      what: "a node port that services may not have",
      text: description("addons: { traefik: { hostNetwork: no, httpNodePort: 8080 } }"),
      says: `${AT}.traefik.httpNodePort: httpNodePort 8080 is not one of nodePorts; write httpNodePort: with one from 30000 to 32767`,
    },
    {
      what: "settings of a DNS that is not there",
      text: description("clusterDns: none, addons: { coredns: {} }"),
      says: `${AT}.coredns: the cluster has no CoreDNS, as clusterDns is none; leave this out, or write clusterDns: coredns`,
    },
    {
      what: "a volume that nobody makes",
      text: description("addons: { kube-prometheus: { storage: 20Gi } }"),
      says: /nothing here makes volumes, so kube-prometheus would wait for one; write local-path or rook-ceph beside it/,
    },
    {
      what: "a chart with an add-on's name",
      text: description(`addons: { headlamp: {} }, charts: [{ name: headlamp, url: "https://c.example/h.tgz" }]`),
      says: `kubernetes.charts[0].name: "headlamp" is an add-on of this cluster too; write another name for the chart, or leave the add-on out`,
    },
    {
      what: "add-ons without Kubernetes",
      text: description("addons: { headlamp: {} }").replace("version: 1.36.2, ", ""),
      says: `${AT}.headlamp: stands there without a version of Kubernetes; write kubernetes.version: too`,
    },
  ])("$what", ({ text, says }) => {
    expect(said(text)).toEqual([typeof says === "string" ? says : expect.stringMatching(says)]);
  });

  test("two classes that are both the default", () => {
    const machines = MACHINES.replace("[worker, ingress]", "[worker, storage]");
    const text = description("addons: { local-path: {}, rook-ceph: { default: yes } }", "", machines);
    expect(said(text)).toEqual([expect.stringMatching(/claims without a class would be of local-path and of rook-ceph/)]);
    expect(said(text.replace("local-path: {}", "local-path: { default: no }"))).toEqual([]);
  });

  test("nothing is said of a machine whose roles could not be read", () => {
    const machines = MACHINES.replace("[worker, ingress]", "[worker, ingres]");
    expect(said(description("addons: { traefik: {} }", "", machines))).toHaveLength(1);
  });
});

test("what goes together has no word against it", () => {
  const more = "dns: { keys: [{ name: cluster, may: [update, transfer] }] }\n";
  const addons =
    "traefik: {}, local-path: {}, headlamp: {}, cert-manager: {}, external-dns: {}, kube-prometheus: { storage: 20Gi }, flannel: { nftables: yes }";
  expect(said(description(`addons: { ${addons} }`, more))).toEqual([]);
});

test("every setting that is not said has a value, and the pod network and the DNS follow from the cluster", () => {
  const parsed = parse(description("addons: { headlamp: {} }"), "c.yml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { kubernetes } = parsed.cluster;
  expect(chosenAddOns(kubernetes).map(({ name }) => name)).toEqual(["flannel", "coredns", "headlamp"]);
  expect(settingsOf("coredns", { log: "true" })).toEqual({ forward: "", cache: "30", log: "yes" });
});
