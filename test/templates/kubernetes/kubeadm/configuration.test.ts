import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { ipv4, subnet } from "../../../../cluster/address.ts";
import type { Cluster, Kubernetes, Machine } from "../../../../cluster/cluster.ts";
import { flags, foundConfiguration, joinConfiguration } from "../../../../templates/kubernetes/kubeadm/configuration.ts";
import { PATCHES } from "../../../../templates/kubernetes/kubeadm/patches.ts";
import { nodePlan } from "../../../../templates/registry.ts";
import { expectGolden } from "../../golden.ts";
import { FLATCAR, ROCKY, UBUNTU } from "../../sample.ts";
import { type Rack, RELEASES, rack, seenBy } from "../racks.ts";

// biome-ignore lint/suspicious/noExplicitAny: what YAML holds is judged by the assertions
type Document = any;
/** By kind, read as Kubernetes' programs do. */
function read(text: string): Record<string, Document> {
  const found = parseAllDocuments(text, { version: "1.1" });
  if (!Array.isArray(found)) throw new Error("is empty");
  for (const { errors, warnings } of found) expect([...errors, ...warnings]).toEqual([]);
  return Object.fromEntries(found.map((one) => one.toJS()).map((one) => [one.kind, one]));
}

const VIRTUAL = { address: ipv4("10.0.0.5"), routerId: 51 };
const KINDS: Readonly<Record<string, Rack & { readonly kubernetes?: Partial<Kubernetes> }>> = {
  "one control plane": {},
  "three control planes": { planes: 3 },
  "three behind kube-vip": { planes: 3, kubernetes: { virtualAddress: { ...VIRTUAL, by: "kube-vip" } } },
  "three behind keepalived": { planes: 3, kubernetes: { virtualAddress: { ...VIRTUAL, by: "keepalived" } } },
  "three with an etcd of its own": { planes: 3, etcd: 3 },
};
const VERSIONS = Object.entries(RELEASES);
const CASES = VERSIONS.flatMap(([api, version]) =>
  Object.entries(KINDS).map(([kind, { kubernetes, ...of }]) => ({ api, version, kind, kubernetes, of })),
);

describe.each(CASES)("$kind, $api", ({ api, version, kind, kubernetes, of }) => {
  const cluster = rack(of, { version, ...kubernetes });
  const golden = `kubernetes/${kind.replaceAll(" ", "-")}/${api}`;

  test("founds as it did", () => expectGolden(`${golden}-found.yaml`, foundConfiguration(seenBy("cp-1", cluster))));
  test("joins as it did", () => {
    expectGolden(`${golden}-join-control-plane.yaml`, joinConfiguration(seenBy(of.planes ? "cp-2" : "cp-1", cluster)));
    expectGolden(`${golden}-join-worker.yaml`, joinConfiguration(seenBy("worker-1", cluster)));
  });
  test("holds four documents that say the same to every control plane but who it is itself", () => {
    const documents = read(foundConfiguration(seenBy("cp-1", cluster)));
    expect(Object.keys(documents)).toEqual(["InitConfiguration", "ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"]);
    if (!of.planes) return;
    const { InitConfiguration: own, ...others } = documents;
    const { InitConfiguration: its, ...same } = read(foundConfiguration(seenBy("cp-2", cluster)));
    expect(same).toEqual(others);
    expect([own.nodeRegistration.name, its.nodeRegistration.name]).toEqual(["cp-1", "cp-2"]);
  });
});

const found = (kubernetes: Partial<Kubernetes> & { readonly version: string }, of: Rack = {}) =>
  read(foundConfiguration(seenBy("cp-1", rack(of, kubernetes))));
const current = (kubernetes: Partial<Kubernetes>, of: Rack = {}) => found({ version: RELEASES.v1beta4, ...kubernetes }, of);
const flag = (component: Document, name: string): string | undefined =>
  Array.isArray(component.extraArgs) ? component.extraArgs.find((one: Document) => one.name === name)?.value : component.extraArgs?.[name];

describe("each release is written to in words that it knows", () => {
  test.each([
    { version: "1.20.2", api: "v1beta2" },
    { version: "1.21.14", api: "v1beta2" },
    { version: "1.22.0", api: "v1beta3" },
    { version: "1.30.9", api: "v1beta3" },
    { version: "1.31.0", api: "v1beta4" },
    { version: "1.37.1", api: "v1beta4" },
  ])("$version in $api", ({ version, api }) => {
    const { InitConfiguration, ClusterConfiguration } = found({ version });
    expect([InitConfiguration.apiVersion, ClusterConfiguration.apiVersion]).toEqual([`kubeadm.k8s.io/${api}`, `kubeadm.k8s.io/${api}`]);
    expect(ClusterConfiguration.kubernetesVersion).toBe(`v${version}`);
    expect(Array.isArray(ClusterConfiguration.apiServer.extraArgs)).toBe(api === "v1beta4");
    expect("timeouts" in InitConfiguration).toBe(api === "v1beta4");
    expect("timeoutForControlPlane" in ClusterConfiguration.apiServer).toBe(api !== "v1beta4");
    expect("certificateValidityPeriod" in ClusterConfiguration).toBe(api === "v1beta4");
  });
  test.each(Object.values(RELEASES))("the token that %s makes by itself, and prints, ends with the founding", (version) => {
    expect(found({ version })["InitConfiguration"].bootstrapTokens).toEqual([{ ttl: "1m0s" }]);
  });
  test("one that is older, or not exact, is refused", () => {
    expect(() => found({ version: "1.14.1" })).toThrow("reads no configuration that is written here");
    expect(() => found({ version: "1.36" })).toThrow("cp-1 has no exact release of Kubernetes (1.36)");
  });
  test("a machine with a release of its own is written to in that one's", () => {
    const cluster = rack({}, { version: RELEASES.v1beta4 });
    const context = seenBy("worker-1", cluster);
    const old = { ...context, machine: { ...context.machine, kubernetes: "1.30.9" } };
    expect(read(joinConfiguration(old))["JoinConfiguration"].apiVersion).toBe("kubeadm.k8s.io/v1beta3");
  });
});

describe("flags of the description", () => {
  const flags = {
    apiServer: { "oidc-issuer-url": "https://login.example.com", "audit-log-maxage": "7" },
    controllerManager: { "leader-elect-lease-duration": "180s" },
    scheduler: { v: "4" },
    kubelet: { "serialize-image-pulls": "false" },
  };
  test.each(VERSIONS)("in %s reach the programs beside ours, and in their place where both may be", (_, version) => {
    const { ClusterConfiguration: all, InitConfiguration: own } = found({ version, flags }, { planes: 3 });
    expect(flag(all.apiServer, "oidc-issuer-url")).toBe("https://login.example.com");
    expect(flag(all.apiServer, "audit-log-maxage")).toBe("7");
    expect(flag(all.apiServer, "audit-log-maxbackup")).toBe("10");
    expect(flag(all.controllerManager, "leader-elect-lease-duration")).toBe("180s");
    expect(flag(all.controllerManager, "node-cidr-mask-size")).toBe("24");
    expect(flag(all.scheduler, "v")).toBe("4");
    const kubelet = { extraArgs: own.nodeRegistration.kubeletExtraArgs };
    expect([flag(kubelet, "serialize-image-pulls"), flag(kubelet, "node-ip")]).toEqual(["false", "@ADDRESS@"]);
  });
  test("leave a scheduler that has none without a word", () => {
    expect(current({}, { planes: 3 })["ClusterConfiguration"]).not.toHaveProperty("scheduler");
  });
});

describe("a node", () => {
  const registered = (name: string, cluster: Cluster, own: Partial<Machine> = {}): Document => {
    const context = seenBy(name, cluster);
    const machine = { ...context.machine, ...own };
    return read(joinConfiguration({ ...context, machine, os: machine.os }))["JoinConfiguration"].nodeRegistration;
  };
  const kubelet = (registration: Document, name: string) => flag({ extraArgs: registration.kubeletExtraArgs }, name);

  test.each([
    { version: "1.23.17", key: "node-role.kubernetes.io/master", socket: "/run/containerd/containerd.sock" },
    { version: "1.24.0", key: "node-role.kubernetes.io/control-plane", socket: "unix:///run/containerd/containerd.sock" },
  ])("of $version is tainted with $key and finds containerd at $socket", ({ version, key, socket }) => {
    const { taints, criSocket } = registered("cp-1", rack({}, { version }));
    expect(taints).toEqual([{ key, effect: "NoSchedule" }]);
    expect(criSocket).toBe(socket);
  });
  test("that is control plane and worker, or has other roles only, is not tainted, unless the description says how", () => {
    const cluster = rack({}, { version: "1.36.2" });
    expect(registered("cp-1", cluster, { roles: ["control-plane", "worker"] }).taints).toEqual([]);
    expect(registered("worker-1", cluster, { roles: ["ingress", "storage"] }).taints).toEqual([]);
    expect(registered("cp-1", cluster, { taints: ["dedicated=gpu:NoExecute", "slow:PreferNoSchedule"] }).taints).toEqual([
      { key: "dedicated", value: "gpu", effect: "NoExecute" },
      { key: "slow", effect: "PreferNoSchedule" },
    ]);
    expect(registered("cp-1", cluster, { taints: [] }).taints).toEqual([]);
  });
  test("labels itself with what a kubelet may say of itself, and is silent about the rest", () => {
    const labels = {
      rack: "a1",
      "example.com/power": "2",
      "topology.kubernetes.io/zone": "north",
      "node.kubernetes.io/instance-type": "big",
      "node-role.kubernetes.io/worker": "",
      "node-restriction.kubernetes.io/secure": "true",
      "k8s.io/x": "y",
    };
    const node = registered("worker-1", rack({}, { version: "1.36.2" }), { labels });
    expect(kubelet(node, "node-labels")).toBe(
      "rack=a1,example.com/power=2,topology.kubernetes.io/zone=north,node.kubernetes.io/instance-type=big",
    );
    expect(kubelet(node, "node-ip")).toBe("@ADDRESS@");
  });
  test("gives its pods the resolver of its own system", () => {
    const cluster = rack({}, { version: "1.36.2" });
    const of = (os: Machine["os"]) => kubelet(registered("worker-1", cluster, { os }), "resolv-conf");
    expect([FLATCAR, UBUNTU, ROCKY].map(of)).toEqual([
      "/run/systemd/resolve/resolv.conf",
      "/run/systemd/resolve/resolv.conf",
      "/etc/resolv.conf",
    ]);
    expect(kubelet(registered("worker-1", cluster), "resolv-conf")).toBeUndefined();
  });
  test("has those checks ignored that our own files fail, and those that the description names", () => {
    const behind = rack({ planes: 3 }, { version: "1.28.15", virtualAddress: { ...VIRTUAL, by: "kube-vip" }, ignoredChecks: ["NumCPU"] });
    expect(registered("worker-1", behind).ignorePreflightErrors).toEqual(["FileAvailable--etc-kubernetes-pki-ca.crt", "NumCPU"]);
    expect(registered("cp-2", behind).ignorePreflightErrors).toEqual(["DirAvailable--etc-kubernetes-manifests", "NumCPU"]);
    expect(read(foundConfiguration(seenBy("cp-1", behind)))["InitConfiguration"].nodeRegistration.ignorePreflightErrors).toEqual([
      "NumCPU",
    ]);
    expect(registered("cp-1", rack({}, { version: "1.28.15" }))).not.toHaveProperty("ignorePreflightErrors");
  });
});

describe("the cluster", () => {
  test("is reached under every name and address that its API servers have", () => {
    const { apiServer } = current({ virtualAddress: { ...VIRTUAL, by: "kube-vip" } }, { planes: 2 })["ClusterConfiguration"];
    expect(apiServer.certSANs).toEqual([
      ...["api.cluster.example", "api", "10.0.0.5", "api.example.com", "203.0.113.7"],
      ...["cp-1", "cp-1.cluster.example", "10.0.0.11", "cp-2", "cp-2.cluster.example", "10.0.0.12", "localhost", "127.0.0.1"],
    ]);
  });
  test("renews its controllers' leases seldom when there is one control plane, and never does without elections", () => {
    const leases = (planes: number) => {
      const { controllerManager, scheduler } = current({}, { planes })["ClusterConfiguration"];
      return [controllerManager, scheduler ?? {}].map((one) => [flag(one, "leader-elect"), flag(one, "leader-elect-lease-duration")]);
    };
    expect([leases(1), leases(3)]).toEqual([
      [
        [undefined, "60s"],
        [undefined, "60s"],
      ],
      [
        [undefined, undefined],
        [undefined, undefined],
      ],
    ]);
  });
  test("gives a node a part of the pods' network with room for its pods", () => {
    const mask = (maxPods: number) => flag(current({ maxPods })["ClusterConfiguration"].controllerManager, "node-cidr-mask-size");
    expect([20, 110, 128, 129, 250, 500].map(mask)).toEqual(["24", "24", "24", "23", "23", "22"]);
  });
  test("writes rules as nftables where kube-proxy may be trusted with it, and where there is nothing else", () => {
    const mode = (version: string, os?: Machine["os"]) => found({ version }, os ? { given: { os } } : {})["KubeProxyConfiguration"].mode;
    const rocky = (version: string): Machine["os"] => ({ target: "enterprise-linux", distribution: "rocky", version });
    expect([
      mode("1.32.9"),
      mode("1.33.0"),
      mode("1.32.9", rocky("9.6")),
      mode("1.32.9", rocky("10")),
      mode("1.30.9", rocky("10.1")),
    ]).toEqual(["iptables", "nftables", "iptables", "nftables", "iptables"]);
  });
  test("has the keys that the description asks for, where kubeadm can be told", () => {
    expect(current({ certificates: "ecdsa" })["ClusterConfiguration"].encryptionAlgorithm).toBe("ECDSA-P256");
    expect(found({ version: "1.28.15", certificates: "ecdsa" })["ClusterConfiguration"]).not.toHaveProperty("encryptionAlgorithm");
  });
  test("names tags of images only where the description chose them", () => {
    const components = { etcd: "3.6.14-0", coredns: "v1.14.2" };
    const { etcd, dns } = current({ components })["ClusterConfiguration"];
    expect([etcd.local.imageTag, dns.imageTag]).toEqual(["3.6.14-0", "v1.14.2"]);
    expect(found({ version: "1.20.2", components })["ClusterConfiguration"].dns).toEqual({ type: "CoreDNS", imageTag: "v1.14.2" });
    const { etcd: own, dns: none } = current({})["ClusterConfiguration"];
    expect([own.local.imageTag, none]).toEqual([undefined, undefined]);
  });
  test("speaks to an etcd that has machines of its own, and keeps one itself where only control planes have the role", () => {
    expect(current({}, { etcd: 3 })["ClusterConfiguration"].etcd.external.endpoints).toEqual([
      "https://10.0.0.21:2379",
      "https://10.0.0.22:2379",
      "https://10.0.0.23:2379",
    ]);
    expect(current({}, { given: { roles: ["control-plane", "etcd"] } })["ClusterConfiguration"].etcd).toHaveProperty("local");
  });
  test("tells every kubelet where the services' DNS is, and what is kept from pods", () => {
    const services = { serviceSubnet: subnet("172.17.0.0/16"), dnsAddress: ipv4("172.17.0.10"), dnsDomain: "services.north" };
    const { KubeletConfiguration: kubelet, ClusterConfiguration: cluster } = current(services);
    expect([kubelet.clusterDNS, kubelet.clusterDomain, cluster.networking.dnsDomain]).toEqual([
      ["172.17.0.10"],
      "services.north",
      "services.north",
    ]);
    expect([kubelet.systemReserved, kubelet.kubeReserved]).toEqual([{ cpu: "100m", memory: "200Mi" }, { memory: "200Mi" }]);
    expect(kubelet).not.toHaveProperty("serverTLSBootstrap");
  });
  test("has no CoreDNS where the description wants none, in each version's own way", () => {
    const none = (version: string) => rack({}, { version, clusterDns: "none" });
    const cp = (version: string) => seenBy("cp-1", none(version));
    expect(read(foundConfiguration(cp("1.36.2")))["ClusterConfiguration"].dns).toEqual({ disabled: true });
    expect(read(foundConfiguration(cp("1.28.15")))["InitConfiguration"].skipPhases).toEqual(["addon/coredns"]);
    expect(["1.20.2", "1.28.15", "1.36.2"].map((version) => flags(cp(version)).skip)).toEqual(["--skip-phases=addon/coredns", "", ""]);
    const ignored = (version: string) => read(foundConfiguration(cp(version)))["InitConfiguration"].nodeRegistration.ignorePreflightErrors;
    expect([ignored("1.20.2"), ignored("1.28.15"), ignored("1.36.2")]).toEqual([["ImagePull"], ["ImagePull"], undefined]);
  });
});

describe("static pods have more patience than kubeadm gives them", () => {
  const patches = (name: string, of: Rack, version: string): Readonly<Record<string, Document>> =>
    Object.fromEntries(
      nodePlan(seenBy(name, rack(of, { version })))
        .files.filter(({ path }) => path.startsWith(`${PATCHES}/`))
        .map(({ path, content }) => [path.slice(PATCHES.length + 1), "text" in content && parse(content.text).spec.containers[0]]),
    );

  test("an API server waits for etcd, and etcd for its quorum, instead of being restarted", () => {
    const { "kube-apiserver.yaml": apiServer, "etcd.yaml": etcd } = patches("cp-1", {}, "1.36.2");
    expect(apiServer).toEqual({
      name: "kube-apiserver",
      livenessProbe: { failureThreshold: 24, httpGet: { path: "/livez?exclude=etcd" } },
    });
    expect(etcd).toEqual({ name: "etcd", livenessProbe: { failureThreshold: 24 } });
  });
  test("etcd up to 1.20 asks for no disk, which a kubelet that was just started would refuse it for", () => {
    const asks = (version: string) => patches("cp-1", {}, version)["etcd.yaml"].resources;
    expect([asks("1.20.2"), asks("1.21.14")]).toEqual([{ requests: { "ephemeral-storage": null } }, undefined]);
  });
  test("they are written only where kubeadm can read them, and for what runs there", () => {
    expect(patches("worker-1", {}, "1.36.2")).toEqual({});
    expect(patches("cp-1", {}, "1.18.20")).toEqual({});
    expect(Object.keys(patches("cp-1", { planes: 3, etcd: 3 }, "1.36.2"))).toEqual(["kube-apiserver.yaml"]);
  });
});

test("a control plane has the files of etcd that its configuration speaks of, whoever has the role", () => {
  const withRoles = (...roles: Machine["roles"][]): Cluster => {
    const bare = rack({ planes: 3, etcd: 0 }, { version: "1.36.2" });
    return { ...bare, machines: bare.machines.map((machine, index) => ({ ...machine, roles: roles[index] ?? machine.roles })) };
  };
  const plane = ["control-plane"] as const;
  const both = ["control-plane", "etcd"] as const;
  for (const cluster of [
    withRoles(),
    withRoles(both),
    withRoles(both, both, both),
    withRoles(both, plane, plane, ["etcd"]),
    withRoles(plane, plane, plane, ["etcd"]),
  ]) {
    for (const name of ["cp-1", "cp-2"]) {
      const context = seenBy(name, cluster);
      const { external } = read(foundConfiguration(context))["ClusterConfiguration"].etcd;
      const paths = nodePlan(context).files.map(({ path }) => path);
      expect(paths.includes("/etc/kubernetes/pki/etcd/ca.key")).toBe(external === undefined);
      expect(paths).toEqual(expect.arrayContaining(external ? [external.caFile, external.certFile, external.keyFile] : []));
    }
  }
});

test("a text that YAML 1.1 would take for something else stays a text", () => {
  const yes = { reserved: { system: {}, kube: {} }, clusterDns: "coredns" as const };
  const cluster = rack({ given: { name: "no", taints: ["on=0x10:NoSchedule"] } }, { version: "1.36.2", ...yes });
  const { nodeRegistration } = read(foundConfiguration(seenBy("no", cluster)))["InitConfiguration"];
  expect([nodeRegistration.name, nodeRegistration.taints]).toEqual(["no", [{ key: "on", value: "0x10", effect: "NoSchedule" }]]);
});
