import { describe, expect, test } from "vitest";
import { formatProblem, parse } from "../../../cluster/parse.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDc5JAWo8S56rAkPZ0xJU21i4ZTaqvDt7M8KacHfEonq admin@laptop";

interface Written {
  /** Empty: none is asked for. */
  readonly release?: string;
  /** Words in `kubernetes:` beside the release. */
  readonly kubernetes?: string;
  /** Machines beside three control planes, or in their place. */
  readonly machines?: readonly string[];
  readonly planes?: number;
  readonly os?: string;
  readonly subnets?: string;
}

const machine = (name: string, number: number, more: string): string => `{ mac: "52:54:00:77:00:${number}", name: ${name}, ${more} }`;
const plane = (number: number, more = `address: 10.77.0.${number}`): string =>
  machine(`cp-${number}`, number, `${more}, roles: [control-plane]`);

function said({
  release = "version: 1.36.2",
  kubernetes = "",
  machines = [],
  planes = 3,
  os = "{ target: flatcar, version: 4593.2.5 }",
  subnets = "[]",
}: Written): readonly string[] {
  const all = [...Array.from({ length: planes }, (_, index) => plane(11 + index)), ...machines];
  const parsed = parse(
    `cluster: demo
domain: demo.lan
network: { subnet: 10.77.0.0/24, bootstrapper: 10.77.0.1, nameServers: [10.77.0.2], range: 10.77.0.100-10.77.0.199, subnets: ${subnets} }
os: ${os}
sshKeys: ["${KEY}"]
kubernetes: { ${[release, kubernetes].filter(Boolean).join(", ")} }
machines: [${all.join(", ")}]
`,
    "x",
  );
  const plain = (line: string): string => line.replace(/x:\d+:\d+: /, "");
  return [...(parsed.ok ? [] : parsed.problems.map(formatProblem)), ...parsed.warnings.map((one) => `warning ${formatProblem(one)}`)].map(
    plain,
  );
}

const behind = (address: string, by = "kube-vip"): string => `virtualAddress: { address: ${address}, by: ${by} }`;
const RAW =
  "{ target: raw-image, image: { url: https://i.example/a.img, sha256: KEY }, kernel: https://i.example/k, initrd: https://i.example/i }".replace(
    "KEY",
    "a".repeat(64),
  );

test("what is right has nothing said of it", () => {
  expect(said({})).toEqual([]);
  expect(said({ kubernetes: behind("10.77.0.5") })).toEqual([]);
  expect(said({ kubernetes: `${behind("10.77.0.5", "keepalived")}, expectedEtcd: 3`, os: RAW })).toEqual([]);
  expect(said({ planes: 1, machines: [machine("w", 31, "roles: [worker]")] })).toEqual([]);
  expect(
    said({ planes: 2, machines: [21, 22, 23].map((one) => machine(`e-${one}`, one, `address: 10.77.0.${one}, roles: [etcd]`)) }),
  ).toEqual([]);
});

describe("the virtual address", () => {
  test.each([
    { when: "is elsewhere", address: "10.78.0.5", says: "10.78.0.5 is outside the subnet 10.77.0.0/24" },
    { when: "is for everybody", address: "10.77.0.255", says: "10.77.0.255 is the broadcast address of 10.77.0.0/24" },
    { when: "is the bootstrapper's", address: "10.77.0.1", says: "10.77.0.1 is the bootstrapper's; write an address that nobody has" },
    { when: "is a name server's", address: "10.77.0.2", says: "10.77.0.2 is a name server's; write an address that nobody has" },
    { when: "is a machine's", address: "10.77.0.12", says: "10.77.0.12 is also machines[1].address; write an address that nobody has" },
    { when: "is lent", address: "10.77.0.150", says: "10.77.0.150 is inside the dynamic range 10.77.0.100-10.77.0.199; write one outside" },
  ])("is refused when it $when", ({ address, says }) => {
    expect(said({ kubernetes: behind(address) })).toEqual([expect.stringContaining(`kubernetes.virtualAddress.address: ${says}`)]);
  });

  test.each([
    { os: "{ target: flatcar, version: 4593.2.5 }", target: "flatcar", write: "kube-vip" },
    { os: "{ target: fedora-coreos, version: 44.20260817.3.2 }", target: "fedora-coreos", write: "kube-vip" },
    { os: "{ target: debian, version: 13 }", target: "debian", write: "packages: [haproxy, keepalived] for it, or kube-vip here" },
  ])("does not move by keepalived on $target", ({ os, target, write }) => {
    const where = "kubernetes.virtualAddress.by: haproxy and keepalived do not come with";
    expect(said({ kubernetes: behind("10.77.0.5", "keepalived"), os })).toContain(`${where} ${target}, which cp-11 runs; write ${write}`);
  });
  test("moves by keepalived where a control plane has the packages, whatever workers run", () => {
    const flatcar = machine("w", 31, "os: { target: flatcar, version: 4593.2.5 }");
    expect(
      said({ kubernetes: behind("10.77.0.5", "keepalived"), os: "{ target: enterprise-linux, version: 9.6 }", machines: [flatcar] }),
    ).toEqual([]);
    expect(
      said({ kubernetes: behind("10.77.0.5", "keepalived"), os: "{ target: debian, version: 13, packages: [keepalived, vim, haproxy] }" }),
    ).toEqual([]);
  });
  test("wants every control plane in its own network", () => {
    const subnets = "[{ subnet: 10.78.0.0/24, routers: [10.78.0.1] }]";
    const far = plane(13, "address: 10.78.0.13");
    expect(said({ kubernetes: behind("10.77.0.5"), planes: 2, machines: [far], subnets })).toEqual([
      "machines[2].address: 10.78.0.13 is not in 10.77.0.0/24, where the virtual address is to move; write an address in it for this machine",
    ]);
    expect(said({ planes: 2, machines: [far], subnets })).toEqual([]);
  });
});

describe("a reserved address is missed", () => {
  test("on a control plane, when there are several or when a virtual address stands for them", () => {
    const without = plane(11, "arch: amd64");
    const several =
      "machines[2].address: is missing, and there are several control planes, which are found by their addresses; write an address";
    expect(said({ planes: 2, machines: [without.replaceAll("11", "13")] })).toEqual([expect.stringContaining(several)]);
    const virtual = "machines[0].address: is missing, and a virtual address stands for those of the control planes; write an address";
    expect(said({ planes: 0, machines: [without], kubernetes: behind("10.77.0.5") })).toEqual([expect.stringContaining(virtual)]);
    expect(said({ planes: 0, machines: [without] })).toEqual([]);
  });
  test("on a machine that has etcd to itself, and not where the control plane keeps it", () => {
    const says = "machines[1].address: is missing, and members of etcd are found by their addresses; write an address for this machine";
    expect(said({ planes: 1, machines: [machine("etcd-1", 21, "roles: [etcd]")] })).toEqual([says]);
    expect(said({ planes: 0, machines: [machine("cp", 21, "roles: [control-plane, etcd]")] })).toEqual([]);
  });
});

describe("without a release", () => {
  const planes = (more: string) => ({
    release: "",
    planes: 0,
    machines: [11, 12, 13].map((one) => plane(one, more.replace("N", `${one}`))),
  });

  test("an address is moved by keepalived, where the system has it", () => {
    const kubernetes = behind("10.77.0.5", "keepalived");
    expect(said({ release: "", kubernetes, os: RAW })).toEqual([]);
    expect(said({ release: "", kubernetes })).toEqual([expect.stringContaining("haproxy and keepalived do not come with flatcar")]);
    expect(said({ release: "", kubernetes: behind("10.77.0.12", "keepalived"), os: RAW })).toEqual([
      expect.stringContaining("10.77.0.12 is also machines[1].address"),
    ]);
    expect(said({ ...planes("arch: amd64"), kubernetes, os: RAW })).toHaveLength(3);
  });

  test.each([behind("10.77.0.5"), "virtualAddress: { address: 10.77.0.5 }"])("kube-vip is refused: %s", (kubernetes) => {
    expect(said({ release: "", kubernetes, os: RAW })).toEqual([
      "kubernetes.virtualAddress.by: kube-vip is a pod of Kubernetes; write kubernetes.version: too, or keepalived here",
    ]);
  });

  test("etcd on the operator's own systems tells of an address that is missing; elsewhere there is none, and nothing to tell", () => {
    const member = machine("etcd-1", 21, "roles: [etcd]");
    const says =
      "warning machines[1].address: is missing, and members of etcd are found by their addresses, so none is started; write an address for this machine";
    expect(said({ release: "", planes: 1, machines: [member], os: RAW })).toEqual([says]);
    expect(said({ release: "", planes: 1, machines: [member] })).toEqual([]);
  });

  test("control planes need no address of their own", () => {
    expect(said({ ...planes("arch: amd64"), os: RAW })).toEqual([]);
  });
});

test("an even number of members is told, and can be built: a machine may be on its way in or out", () => {
  const warning = (who: string) =>
    `warning machines: 2 machines keep etcd (${who}), and an even number survives no more failures than one less; write 1 or 3`;
  expect(said({ planes: 2 })).toEqual([warning("cp-11, cp-12")]);
  const etcd = [21, 22].map((one) => machine(`e-${one}`, one, `address: 10.77.0.${one}, roles: [etcd]`));
  expect(said({ planes: 2, machines: etcd })).toEqual([warning("e-21, e-22")]);
});

test("nobody waits for more members of etcd than there are", () => {
  const where = "kubernetes.expectedEtcd: 5 members of etcd are waited for, and";
  expect(said({ kubernetes: "expectedEtcd: 5" })).toEqual([`${where} only 3 machines keep it; write 3 or less`]);
  expect(said({ kubernetes: "expectedEtcd: 5", planes: 1 })).toEqual([`${where} only one machine keeps it; write 1 or less`]);
});

describe("pods", () => {
  const workers = [31, 32, 33].map((one) => machine(`w-${one}`, one, `address: 10.77.0.${one}`));
  test("need a network with a part for each node", () => {
    const few =
      "10.244.0.0/23 has 2 times a /24 for each node, as 110 pods need it, and there are 4 nodes; write a network of /22 or larger, or fewer maxPods";
    expect(said({ kubernetes: "podSubnet: 10.244.0.0/23", planes: 1, machines: workers })).toEqual([`kubernetes.podSubnet: ${few}`]);
    expect(said({ kubernetes: "podSubnet: 10.244.0.0/22", planes: 1, machines: workers })).toEqual([]);
    const many = "10.244.0.0/22 has 2 times a /23 for each node, as 250 pods need it";
    expect(said({ kubernetes: "podSubnet: 10.244.0.0/22, maxPods: 250", planes: 1, machines: workers })).toEqual([
      expect.stringContaining(many),
    ]);
  });
  test("on bridges are joined inside one network only", () => {
    const subnets = "[{ subnet: 10.78.0.0/24, routers: [10.78.0.1] }]";
    const far = machine("far", 41, "address: 10.78.0.41");
    const message = "kubernetes.podNetwork: bridge joins nodes of one network, and cp-11 and far are in different ones; write flannel";
    expect(said({ kubernetes: "podNetwork: bridge", planes: 1, machines: [far], subnets })).toEqual([message]);
    expect(said({ kubernetes: "podNetwork: bridge", planes: 1, machines: workers })).toEqual([]);
  });
});

test("kubeadm's DNS has the tenth address, unless somebody else brings one", () => {
  const elsewhere = "serviceSubnet: 10.96.0.0/16, dnsAddress: 10.96.0.53";
  expect(said({ kubernetes: elsewhere })).toEqual([
    "kubernetes.dnsAddress: 10.96.0.53 is not where kubeadm puts the cluster's DNS; write 10.96.0.10, leave it out, or write clusterDns: none",
  ]);
  expect(said({ kubernetes: `${elsewhere}, clusterDns: none` })).toEqual([]);
});
