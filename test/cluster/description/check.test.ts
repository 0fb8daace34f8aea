import { describe, expect, test } from "vitest";
import { formatProblem, parse } from "../../../cluster/parse.ts";
import { fixture } from "../golden.ts";

const small = fixture("small.yml");
const original = fixture("original.yml");

/** What is said when `write` stands in small.yml instead of `instead`. */
function said(text: string, instead: string, write: string): readonly string[] {
  if (!text.includes(instead)) throw new Error(`the fixture has no ${instead}`);
  const parsed = parse(text.replace(instead, write), "x");
  return [...(parsed.ok ? [] : parsed.problems.map(formatProblem)), ...parsed.warnings.map((one) => `warning ${formatProblem(one)}`)];
}

describe("one slip, one sentence", () => {
  test.each([
    {
      when: "two machines have one MAC",
      instead: "52:54:00:77:00:12",
      write: "52-54-00-77-00-11",
      says: 'machines[1].mac: "52:54:00:77:00:11" is also machines[0].mac',
    },
    {
      when: "two machines have one name",
      instead: "worker-2",
      write: "worker-1",
      says: 'machines[2].name: "worker-1" is also machines[1].name',
    },
    {
      when: "two machines have one address",
      instead: "10.77.0.12",
      write: "10.77.0.11",
      says: 'machines[1].address: "10.77.0.11" is also machines[0].address',
    },
    {
      when: "an address is outside the subnet",
      instead: "10.77.0.12",
      write: "10.78.0.12",
      says: "machines[1].address: 10.78.0.12 is outside the subnet 10.77.0.0/24",
    },
    {
      when: "an address is the network's",
      instead: "10.77.0.12",
      write: "10.77.0.0",
      says: "10.77.0.0 is the network's own address of 10.77.0.0/24",
    },
    {
      when: "an address is for everybody",
      instead: "10.77.0.12",
      write: "10.77.0.255",
      says: "10.77.0.255 is the broadcast address of 10.77.0.0/24",
    },
    {
      when: "an address is in the range",
      instead: "10.77.0.12",
      write: "10.77.0.150",
      says: "10.77.0.150 is inside the dynamic range 10.77.0.100-10.77.0.199",
    },
    { when: "an address is the server's", instead: "10.77.0.12", write: "10.77.0.1", says: "10.77.0.1 is the bootstrapper's" },
    {
      when: "an address is a router's",
      instead: "routers: [10.77.0.1]",
      write: "routers: [10.77.0.12]",
      says: "machines[1].address: 10.77.0.12 is a router's",
    },
    {
      when: "an address is a name server's",
      instead: "routers: [10.77.0.1]",
      write: "nameServers: [10.77.0.12]",
      says: "10.77.0.12 is a name server's",
    },
    {
      when: "the server is outside the subnet",
      instead: "bootstrapper: 10.77.0.1",
      write: "bootstrapper: 10.7.0.1",
      says: "network.bootstrapper: 10.7.0.1 is outside the subnet",
    },
    {
      when: "a router is outside the subnet",
      instead: "routers: [10.77.0.1]",
      write: "routers: [10.7.0.1]",
      says: "network.routers[0]: 10.7.0.1 is outside the subnet",
    },
    {
      when: "the range contains the server",
      instead: "bootstrapper: 10.77.0.1",
      write: "bootstrapper: 10.77.0.100",
      says: "network.range: 10.77.0.100-10.77.0.199 contains 10.77.0.100, which is the bootstrapper's",
    },
    {
      when: "the range contains a router",
      instead: "routers: [10.77.0.1]",
      write: "routers: [10.77.0.199]",
      says: "contains 10.77.0.199, which is a router's",
    },
    {
      when: "the range leaves the subnet",
      instead: "10.77.0.199",
      write: "10.77.1.199",
      says: "network.range: 10.77.1.199 is not an address for a machine in 10.77.0.0/24",
    },
    {
      when: "the range runs backwards",
      instead: "10.77.0.100-10.77.0.199",
      write: "10.77.0.199-10.77.0.100",
      says: "10.77.0.199-10.77.0.100 runs backwards; write 10.77.0.100-10.77.0.199",
    },
    {
      when: "there is no range for who needs it",
      instead: "range: 10.77.0.100-10.77.0.199",
      write: "lease: 1h",
      says: "machines[2].address: is missing, and the network has no range",
    },
    {
      when: "nobody is a control plane",
      instead: "roles: [control-plane]",
      write: "roles: [worker]",
      says: "machines: no machine is a control plane; write roles: [control-plane]",
    },
    {
      when: "two keep etcd",
      instead: "address: 10.77.0.12",
      write: "roles: [control-plane]",
      says: "machines: 2 machines keep etcd (cp-1, worker-1)",
    },
    {
      when: "a machine is called like the server",
      instead: "worker-1",
      write: "bootstrapper",
      says: 'machines[1].name: "bootstrapper" is the bootstrapper\'s name',
    },
    {
      when: "a machine is called like another's MAC",
      instead: "worker-1",
      write: "52-54-00-77-00-13",
      says: 'machines[1].name: "52-54-00-77-00-13" is the MAC of machines[2]',
    },
    {
      when: "services overlap machines",
      instead: "os:",
      write: "kubernetes: { serviceSubnet: 10.77.0.0/16 }\nos:",
      says: "kubernetes.serviceSubnet: the services' network 10.77.0.0/16 overlaps the machines' 10.77.0.0/24",
    },
    {
      when: "pods overlap machines",
      instead: "os:",
      write: "kubernetes: { podSubnet: 10.64.0.0/11 }\nos:",
      says: "kubernetes.podSubnet: the pods' network 10.64.0.0/11 overlaps",
    },
    {
      when: "pods overlap services",
      instead: "os:",
      write: "kubernetes: { podSubnet: 10.100.0.0/16 }\nos:",
      says: "kubernetes.serviceSubnet: the services' network 10.96.0.0/12 overlaps the pods' 10.100.0.0/16",
    },
    {
      when: "the DNS is no service",
      instead: "os:",
      write: "kubernetes: { dnsAddress: 10.77.0.53 }\nos:",
      says: "kubernetes.dnsAddress: 10.77.0.53 is not a service address in 10.96.0.0/12",
    },
    {
      when: "pods have no room for a node",
      instead: "os:",
      write: "kubernetes: { podSubnet: 10.244.0.0/24 }\nos:",
      says: "10.244.0.0/24 can not be divided into a /24 for each node",
    },
    {
      when: "services are too many",
      instead: "os:",
      write: "kubernetes: { serviceSubnet: 11.0.0.0/8 }\nos:",
      says: "11.0.0.0/8 is not a size the API server takes",
    },
    {
      when: "the subnet is a single address",
      instead: "10.77.0.0/24",
      write: "10.77.0.1/32",
      says: "10.77.0.1/32 is not the size of a rack's network",
    },
    {
      when: "the DNS asks itself",
      instead: "routers:",
      write: "upstream: [10.77.0.1]\n  routers:",
      says: "network.upstream[0]: the bootstrapper would ask itself for ever",
    },
    {
      when: "no disk fits",
      instead: "minSize: 20G",
      write: "minSize: 20G, maxSize: 10G",
      says: "machines[2].disk.minSize: is more than maxSize",
    },
    {
      when: "the domain is multicast DNS's",
      instead: "demo.lan",
      write: "demo.local",
      says: "warning x:3:9: domain: names below .local belong to multicast DNS",
    },
    {
      when: "the range is not ours to give",
      instead: "range:",
      write: "dhcp: proxy\n  range:",
      says: "warning x:10:10: network.range: has no effect",
    },
    {
      when: "a download cannot be trusted",
      instead: "os: {",
      write: "os: { target: raw-image, image: http://x/i, kernel: https://x/k, initrd: file:///i }\n#",
      says: "warning x:11:33: os.image: is fetched over plain HTTP",
    },
  ])("when $when", ({ instead, write, says }) => {
    expect(said(small, instead, write).filter((line) => line.includes(says))).toHaveLength(1);
  });

  test("and no other", () => {
    expect(said(small, "52:54:00:77:00:12", "52:54:00:77:00:11")).toHaveLength(1);
    expect(said(small, "worker-1", "Worker-1")).toHaveLength(1);
    expect(said(small, "10.77.0.100-10.77.0.199", "10.77.0.300-10.77.0.199")).toHaveLength(1);
    expect(said(small, "roles: [control-plane]", "role: [control-plane]")).toHaveLength(1);
    expect(said(small, "roles: [control-plane]", "roles: [control-plan]")).toHaveLength(1);
    expect(said(small, "10.77.0.0/24", "10.77.0.0/240")).toHaveLength(1);
    expect(said(small, "range:", "rnage:")).toHaveLength(1);
  });
});

test("an early mistake hides no later one", () => {
  const text = small.replace("cluster: demo", "cluster: Demo").replace("00:12", "00:11").replace("minSize: 20G", "minSize: much");
  expect(said(text, "domain:", "domian:").map((line) => line.split(": ")[1])).toEqual([
    "domain",
    "cluster",
    "domian",
    "machines[1].mac",
    "machines[2].disk.minSize",
  ]);
});

test.each([
  { when: "an item of a list of blocks is a word", instead: "\nmachines:", write: "\nmachines:\n  - seven" },
  { when: "a word in a list of words is wrong", instead: "routers: [10.77.0.1]", write: "routers: [10.77.0.1, gateway]" },
  { when: "a block is a word", instead: "os: {", write: "kubernetes: yes\nos: {" },
  { when: "a block is not known", instead: "os: {", write: "etcd: { members: 3 }\nos: {" },
])("mistakes between the other values are found when $when", ({ instead, write }) => {
  const twice = small.replace("worker-2", "worker-1").replace("10.77.0.12", "10.78.0.12");
  expect(said(twice, instead, write)).toEqual([
    expect.stringMatching(/seven|routers\[1\]|kubernetes|etcd|machines\[0\]: must be a block/),
    expect.stringContaining("10.78.0.12 is outside the subnet"),
    expect.stringContaining('"worker-1" is also machines['),
  ]);
});

test("a range must hold as many as need it", () => {
  const more = Array.from({ length: 3 }, (_, index) => `  - { mac: "52:54:00:77:01:0${index}", name: more-${index} }\n`).join("");
  const text = `${small}${more}`;
  expect(said(text, "10.77.0.100-10.77.0.199", "10.77.0.100-10.77.0.102")).toEqual([
    expect.stringContaining("10.77.0.100-10.77.0.102 has 3 addresses for 4 machines without one of their own"),
  ]);
  expect(said(text, "10.77.0.100-10.77.0.199", "10.77.0.100-10.77.0.103")).toEqual([]);
});

test("a domain that only ends with the same letters is another", () => {
  expect(said(small, "domain: demo.lan", "domain: supercluster.lan\nkubernetes: { dnsDomain: cluster.lan }")).toEqual([]);
  expect(said(small, "domain: demo.lan", "domain: super.cluster.lan\nkubernetes: { dnsDomain: cluster.lan }")).toHaveLength(1);
});

test("who has the site's own DHCP needs neither range nor addresses", () => {
  expect(said(small, "range: 10.77.0.100-10.77.0.199", "dhcp: proxy")).toEqual([]);
});

test("members of etcd are those with the role, or else the control planes", () => {
  const three = small.replace("worker-1, address: 10.77.0.12", "worker-1, roles: [etcd]").replace("worker-2,", "worker-2, roles: [etcd],");
  expect(said(three, "roles: [control-plane]", "roles: [control-plane]")).toEqual([
    expect.stringContaining("2 machines keep etcd (worker-1, worker-2)"),
  ]);
  expect(said(three, "roles: [control-plane]", "roles: [control-plane, etcd]")).toEqual([]);
});

test("an endless word is refused for its length", () => {
  expect(said(small, "cluster: demo", `cluster: ${"-".repeat(900_000)}`)).toEqual([
    "x:2:10: cluster: has 900000 characters; write at most 8192",
  ]);
});

test("values that an alias repeats are complained of once", () => {
  const twice = small
    .replace("address: 10.77.0.12", "disk: &d { minSize: much }")
    .replace("disk: { minSize: 20G, pick: smallest }", "disk: *d");
  expect(said(twice, "worker-1", "worker-1")).toEqual([expect.stringContaining('machines[1].disk.minSize: "much" is not a size')]);
});

test("what somebody wrote is shown on one line, and cannot move a terminal's cursor", () => {
  for (const field of ["bootstrapper: 10.77.0.1", "cluster: demo", "dhcp: serve"].filter((one) => small.includes(one))) {
    const [line, ...more] = said(small, field, `${field.split(" ")[0]} "a\\e[2J\\n\\u202eb"`);
    expect(more).toEqual([]);
    expect(line).toMatch(/^[ -~]+; write [ -~]+$/);
  }
});

describe("in a 2016-form description", () => {
  test("fixed addresses, routers and the server may stand inside the range", () => {
    expect(said(original, "iphigh: 10.10.14.127", "iphigh: 10.10.14.254").filter((line) => !line.startsWith("warning"))).toEqual([]);
    expect(said(original, "iphigh: 10.10.14.127", "iphigh: 10.10.14.254").join("\n")).toContain(
      "10.10.14.1-10.10.14.254 contains 10.10.14.253, which is the bootstrapper's and is left out of it; better write a range without it",
    );
  });
  test.each([
    {
      when: "the subnet and its mask disagree",
      instead: "subnet: 10.10.14.0",
      write: "subnet: 10.10.14.5",
      says: 'x:4:9: subnet: "10.10.14.5/24" has bits behind its prefix; write 10.10.14.0/24',
    },
    { when: "half a range is written", instead: "iplow: 10.10.14.1\n", write: "", says: "iplow: is missing; write the first address" },
    { when: "the other half is", instead: "iphigh: 10.10.14.127\n", write: "", says: "iphigh: is missing; write the last address" },
    {
      when: "a CentOS is wanted that has come to its end",
      instead: '"CoreOS"',
      write: '"CentOS"',
      says: 'centos_version: "7.2.1511" is a CentOS that has come to its end and is not installed by this release; write 9-stream',
    },
    { when: "two keep etcd", instead: "etcd_member: y", write: "etcd_member: n", says: "nodes: 2 machines keep etcd" },
    {
      when: "nobody is master",
      instead: "kube_master: y",
      write: "kube_master: n",
      says: "nodes: no machine is a control plane; write kube_master: y",
    },
  ])("a slip is found when $when", ({ instead, write, says }) => {
    expect(said(original, instead, write).filter((line) => line.includes(says))).toHaveLength(1);
  });
  test("CentOS is CentOS Stream today, from the mirror that is named", () => {
    const wanted = original.replace('"CoreOS"', '"CentOS"').replace('"7.2.1511"', "10-stream");
    const parsed = parse(wanted, "x");
    expect(parsed.ok && parsed.cluster.machines[0]!.os).toEqual({
      target: "enterprise-linux",
      distribution: "centos-stream",
      version: "10",
      tree: { url: "http://mirror.example.com/centos/10-stream/BaseOS/x86_64/os" },
    });
    expect(parsed.ok && parsed.cluster.unlisted).toMatchObject({ become: "worker", os: { target: "enterprise-linux" } });
    const warned = parsed.warnings.map(({ path }) => path);
    expect(warned).toEqual(expect.arrayContaining(["set_yum_repo", "download_kernel"]));
    for (const field of ["os_name", "centos_version", "mirror_site", "coreos_version"]) expect(warned).not.toContain(field);
  });
  test.each([
    { when: "its release is not named", from: 'centos_version: "7.2.1511"\n', to: "", says: "os_name: CentOS needs its release beside it" },
    {
      when: "its mirror is no URL",
      from: "http://mirror.example.com/centos",
      to: "mirror.example.com",
      says: 'mirror_site: "mirror.example.com" is not a URL to fetch from',
    },
  ])("CentOS is refused when $when", ({ from, to, says }) => {
    const wanted = original.replace('"CoreOS"', '"CentOS"').replace(from, to).replace('"7.2.1511"', "9");
    expect(said(wanted, "routers", "routers").filter((line) => line.includes(says))).toHaveLength(1);
  });
  test("a role that cannot be read is no reason to miss one", () => {
    expect(said(original, "kube_master: y", "kube_master: yep").filter((line) => !line.startsWith("warning"))).toEqual([
      expect.stringContaining('nodes[0].kube_master: "yep" is neither yes nor no'),
    ]);
  });
  test("machines cannot live in the services' domain", () => {
    expect(said(original, "rack.example.com", "rack.cluster.local").join("\n")).toContain(
      "domainname: the machines' domain rack.cluster.local is inside the services' cluster.local",
    );
  });
  test("the pods' network is the original's, unless the rack is in it", () => {
    const pods = (text: string) => parse(text.replaceAll("10.10.14.", "10.1.14."), "x");
    expect(parse(original, "x")).toMatchObject({ cluster: { kubernetes: { podSubnet: { base: "10.1.0.0" } } } });
    expect(pods(original)).toMatchObject({ cluster: { kubernetes: { podSubnet: { base: "10.244.0.0" } } } });
    expect(pods(original.replaceAll("10.100.0.", "10.244.0."))).toMatchObject({
      cluster: { kubernetes: { podSubnet: { base: "172.20.0.0" } } },
    });
  });
  test("Flatcar's own name and releases are taken without a word", () => {
    const text = original.replace('"CoreOS"', '"Flatcar"').replace('"1235.9.0"', "4593.2.5");
    expect(said(text, "domainname", "domainname").join("\n")).not.toMatch(/os_name|coreos_version/);
    expect(parse(text, "x")).toMatchObject({ cluster: { unlisted: { os: { version: "4593.2.5" } } } });
  });
  test("keys may be a block of list lines or a list", () => {
    const keys = (write: string) => parse(original.replace(/ssh_authorized_keys[\s\S]*/, write), "x");
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDc5JAWo8S56rAkPZ0xJU21i4ZTaqvDt7M8KacHfEonq me";
    for (const write of [
      `|1+\n  - "${key}"\n`,
      `|\n  # mine\n  - '${key}'\n\n`,
      `|\n  - ${key}\n`,
      `|\n  ${key}\n`,
      `\n  - ${key}\n`,
      ` ["${key}"]\n`,
    ]) {
      expect(keys(`ssh_authorized_keys: ${write}`)).toMatchObject({ cluster: { sshKeys: [key] } });
    }
    expect(keys("ssh_authorized_keys: |\n  -----BEGIN RSA PRIVATE KEY-----\n  abc\n")).toMatchObject({
      problems: [{ path: "ssh_authorized_keys[0]", message: expect.stringContaining("this is a PRIVATE KEY") }],
    });
  });
});
