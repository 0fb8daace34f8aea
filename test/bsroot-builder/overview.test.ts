import { expect, test } from "vitest";
import { overview } from "../../bsroot-builder/overview.ts";
import { cluster } from "../cluster/clusters.ts";

test("a plain description has nothing more to it", () => {
  expect(overview(cluster("small.yml"))).toEqual([]);
  expect(overview(cluster("original.yml"))).toEqual([]);
});

test("what goes beyond it is told line by line", () => {
  expect(overview(cluster("full.yml"))).toEqual([
    "network 10.20.0.0/16 served from 10.20.0.2, 23040 addresses to lend",
    "network 10.21.0.0/24 served from 10.21.0.2, 100 addresses to lend, interface-mtu 1400; classless-static-route default via 10.21.0.1, 172.30.0.0/16 via 10.21.0.9",
    "network 10.22.0.0/24 served through a relay, 10 addresses to lend",
    "DHCP on eth1, bond0.20",
    "leases by client-id",
    expect.stringMatching(/^DHCP options: interface-mtu 9000; ntp-servers 10\.20\.0\.1; domain-search north\.example\.com, example\.com; /),
    "DHCP options of cp-1: routers 10.20.0.9; tftp-server-name boot.example.com",
    "DNS: 9 records beside the machines' own",
    "DNS: corp.example.com is asked of 192.0.2.53, 192.0.2.54",
    "DNS key externaldns (hmac-sha256) may update and transfer the zone",
    "DNS key backup.north (hmac-sha512) may transfer the zone",
    "Secure Boot: store-1, edge-1, own-1",
    "Kubernetes 1.36.4, 1.37.1, 1.35.9 carried along",
    "Kubernetes on flatcar: needs the containerd that is carried along, as its own is 1.7 (Flatcar release notes)",
    "Kubernetes on raw-image: needs cgroup v2, as the kubelet refuses cgroup v1 (Kubernetes 1.35 release notes, failCgroupV1)",
  ]);
});

test("registries that want a password are told with the way to log in", () => {
  const full = cluster("full.yml");
  const imagePullSecrets = [{ name: "company", registry: "registry.corp.lan:5000", namespaces: ["default", "shop"] }];
  expect(overview({ ...full, kubernetes: { ...full.kubernetes, imagePullSecrets } }).at(-1)).toBe(
    "pods in default, shop pull from registry.corp.lan:5000 with Secret company, by docker login registry.corp.lan:5000",
  );
});
