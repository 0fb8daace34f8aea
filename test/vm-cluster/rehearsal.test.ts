import { readFileSync } from "node:fs";
import { dump } from "js-yaml";
import { expect, test } from "vitest";
import { ipv4 } from "../../cluster/address.ts";
import type { Cluster, Os } from "../../cluster/cluster.ts";
import { parse } from "../../cluster/parse.ts";
import { rehearse } from "../../vm-cluster/rehearsal.ts";

const os: Extract<Os, { target: "raw-image" }> = {
  target: "raw-image",
  image: { url: "file:///lab/node.raw.zst", sha256: "a".repeat(64) },
  kernel: { url: "file:///lab/vmlinuz", sha256: "b".repeat(64) },
  initrd: { url: "file:///lab/live.initrd", sha256: "c".repeat(64) },
};
const sshKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICbFa/txpGSY4oadnJKogYa2hD02ThXPl/EmGYrtVxUG lab";
const lab = { os, sshKey, mirrors: [{ from: "https://github.com", to: "file:///lab/mirror/github.com" }], images: [] };

const clusterOf = (text: string): Cluster => {
  const parsed = parse(text, "cluster-desc.yml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.cluster;
};
const read = (file: string): Cluster => clusterOf(readFileSync(file, "utf8"));
const rehearsed = (cluster: Cluster): Cluster => clusterOf(dump(rehearse(cluster, lab).description));

const FILES = [
  "vm-cluster/cluster-desc.yml",
  "test/fixtures/cluster/small.yml",
  "test/fixtures/cluster/full.yml",
  "test/fixtures/cluster/original.yml",
];

/** What a rehearsal leaves of the further networks, of named interfaces and of Secure Boot. */
const inOneNetwork = (cluster: Cluster): Cluster => ({
  ...cluster,
  network: { ...cluster.network, subnets: [], interfaces: [] },
  dns: { ...cluster.dns, records: cluster.dns.records.filter(({ name }) => !name.endsWith(".21.10.in-addr.arpa")) },
  machines: cluster.machines.map((machine) => ({
    ...machine,
    secureBoot: false,
    ...(machine.address === "10.22.0.30" && { address: ipv4("10.20.255.254") }),
  })),
});

test.each(FILES)("%s keeps its machines, names, addresses, roles, network and DNS", (file) => {
  const whole = read(file);
  const { machines, network, dns, ...rest } = rehearsed(whole);
  const cluster = inOneNetwork(whole);
  expect(rest).toMatchObject({ name: cluster.name, domain: cluster.domain, kubernetes: cluster.kubernetes, install: cluster.install });
  expect(network).toEqual({ ...cluster.network, upstream: [], dhcp: "serve" });
  expect(dns).toEqual({ ...cluster.dns, forward: [] });
  expect(machines.map(({ os, disk, architecture, ...machine }) => machine)).toEqual(
    cluster.machines.map(({ os, disk, architecture, ...machine }) => machine),
  );
});

test.each(FILES)("%s keeps its rules for wiping and picking a disk", (file) => {
  const cluster = read(file);
  const rules = rehearsed(cluster).machines.map(({ disk }) => ({ ...disk, device: undefined }));
  expect(rules).toEqual(cluster.machines.map(({ disk }) => ({ ...disk, device: undefined })));
});

test.each(FILES)("every machine of %s gets the lab's system and key", (file) => {
  const { machines, sshKeys } = rehearsed(read(file));
  for (const machine of machines) expect(machine).toMatchObject({ os, architecture: "amd64" });
  expect(sshKeys).toContain(sshKey);
});

test("what differs is said", () => {
  const { differences } = rehearse(
    clusterOf(`
cluster: c
domain: c.lan
network: { subnet: 10.0.0.0/24, bootstrapper: 10.0.0.1, dhcp: proxy, upstream: [9.9.9.9] }
machines:
  - { mac: 52:54:00:00:00:01, name: one, address: 10.0.0.11, roles: [control-plane], disk: { device: /dev/disk/by-id/x } }
  - { mac: 52:54:00:00:00:02, name: two, address: 10.0.0.12, arch: arm64 }
`),
    lab,
  );
  expect(differences.join("\n")).toMatch(/instead of flatcar/);
  expect(differences.join("\n")).toMatch(/two: the lab's machines are amd64/);
  expect(differences.join("\n")).toMatch(/one: the disk rule without/);
  expect(differences.join("\n")).toMatch(/gives the addresses itself/);
  expect(differences.join("\n")).toMatch(/9\.9\.9\.9/);
});

test("a machine of a network that the lab lacks is moved, and what else the lab lacks is said", () => {
  const { differences } = rehearse(read("test/fixtures/cluster/full.yml"), lab);
  expect(differences).toEqual(
    expect.arrayContaining([
      "10.21.0.0/24, 10.22.0.0/24: the lab has one network, 10.20.0.0/16",
      "edge-1 is at 10.20.255.254 instead of 10.22.0.30",
      "7.0.21.10.in-addr.arpa, 8.0.21.10.in-addr.arpa: the lab has no such network",
      "DHCP is served on the lab's own interface instead of eth1, bond0.20",
      "no name is asked of 9.9.9.9, 192.0.2.53, 192.0.2.54: the lab has no way out",
      "store-1, edge-1, own-1: the lab's firmware starts what nobody signed",
    ]),
  );
});

test.each([20e9, 21_474_836_480, 1_000_000_001, 512, 3_000_000_000_000])("a disk of at least %d bytes stays so", (minSize) => {
  const cluster = read("vm-cluster/cluster-desc.yml");
  const [machine] = cluster.machines;
  const changed: Cluster = { ...cluster, machines: [{ ...machine!, disk: { ...machine!.disk, minSize } }] };
  expect(rehearsed(changed).machines[0]!.disk.minSize).toBe(minSize);
});
