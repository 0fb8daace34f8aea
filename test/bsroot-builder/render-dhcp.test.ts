import { describe, expect, test } from "vitest";
import { siteOf } from "../../bootstrapper/dhcp/site.ts";
import { renderDhcp } from "../../bsroot-builder/render-dhcp.ts";
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import { cluster } from "../cluster/clusters.ts";

const full = cluster("full.yml");
const small = cluster("small.yml");
const lines = (of: Cluster, name: string): readonly string[] => renderDhcp(of, machine(of, name)).trimEnd().split("\n");
const machine = (of: Cluster, name: string): Machine => of.machines.find((one) => one.name === name)!;

describe("what DHCP tells a machine", () => {
  test("follows from the fields of the description", () => {
    expect(lines(small, "cp-1")).toEqual([
      "address 10.77.0.11",
      "subnet-mask 255.255.255.0",
      "routers 10.77.0.1",
      "domain-name-servers 10.77.0.1",
      "host-name cp-1",
      "domain-name demo.lan",
      "broadcast-address 10.77.0.255",
      "ntp-servers 10.77.0.1",
      "dhcp-lease-time 43200",
    ]);
    expect(lines(small, "worker-2")[0]).toBe("address one of 10.77.0.100-10.77.0.199");
  });

  test("is changed by options: a machine's before its subnet's before the network's", () => {
    expect(lines(full, "cp-1")).toEqual(
      expect.arrayContaining(["routers 10.20.0.9  (its own options)", "interface-mtu 9000  (network.options)"]),
    );
    const at = (address: string): Cluster => ({
      ...full,
      machines: full.machines.map((one) => (one.name === "cp-1" ? { ...one, address: address as NonNullable<Machine["address"]> } : one)),
    });
    expect(lines(at("10.21.0.50"), "cp-1")).toEqual(
      expect.arrayContaining(["interface-mtu 1400  (options of its subnet)", "domain-name-servers 10.21.0.2", "dhcp-lease-time 1800"]),
    );
    expect(lines(at("10.22.0.50"), "cp-1")).toEqual(
      expect.arrayContaining(["domain-name-servers 10.20.0.2, 10.20.0.3", "dhcp-lease-time 129600"]),
    );
  });

  test("is the other server's to say where there is one", () => {
    const proxy: Cluster = { ...small, network: { ...small.network, dhcp: "proxy", ranges: [] } };
    expect(lines(proxy, "worker-2")).toEqual(["address none", "(the site's own DHCP server says the rest)"]);
  });

  test("has every option that the bootstrapper says in that network", () => {
    const site = siteOf(full, full.network.bootstrapper);
    for (const { index, options, lease } of site.segments) {
      const name = ["store-1", undefined, "edge-1"][index];
      if (!name) continue;
      const shown = lines(full, name);
      expect(shown).toContain(`dhcp-lease-time ${lease}`);
      expect(shown.some((line) => line.startsWith(`ntp-servers ${options.ntpServers?.join(", ") ?? "-"}`))).toBe(
        options.ntpServers !== undefined,
      );
      expect(shown).toContain(`broadcast-address ${options.broadcastAddress}`);
      expect(shown).toContain(`domain-name-servers ${options.nameServers?.join(", ")}`);
    }
  });
});
