import { describe, expect, test } from "vitest";
import { linksOf } from "../../../bootstrapper/dhcp/links.ts";
import { ipv4, subnet } from "../../../cluster/address.ts";
import type { Network } from "../../../cluster/cluster.ts";
import { rack } from "../../support/dhcp.ts";

const HERE = [
  { interface: "lo", address: "127.0.0.1" },
  { interface: "eth0", address: "192.168.1.5" },
  { interface: "eth1", address: "10.77.0.1" },
  { interface: "eth2", address: "10.78.0.1" },
];
const further = { subnet: subnet("10.78.0.0/24"), bootstrapper: ipv4("10.78.0.1"), routers: [], ranges: [], options: [] };
const relayed = { subnet: subnet("10.79.0.0/24"), routers: [], ranges: [], options: [] };
const found = (network: Partial<Network> = {}) => linksOf(rack(network).network, HERE);

describe("DHCP is served", () => {
  test("on the interface that has our address, and on no other", () => {
    expect(found()).toEqual({ ok: true, links: [{ device: "eth1", address: "10.77.0.1" }], addresses: ["10.77.0.1"] });
  });

  test("on the interfaces of further subnets too, and not for those behind relays", () => {
    expect(found({ subnets: [further, relayed] })).toEqual({
      ok: true,
      links: [
        { device: "eth1", address: "10.77.0.1" },
        { device: "eth2", address: "10.78.0.1" },
      ],
      addresses: ["10.77.0.1", "10.78.0.1"],
    });
  });

  test("on the named interfaces alone, while relays may speak to every address of ours", () => {
    expect(found({ subnets: [further], interfaces: ["eth2"] })).toEqual({
      ok: true,
      links: [{ device: "eth2", address: "10.78.0.1" }],
      addresses: ["10.77.0.1", "10.78.0.1"],
    });
  });
});

describe("the operator is told", () => {
  test("that an address is missing, and where the description names it", () => {
    const lacking = { ...further, bootstrapper: ipv4("10.78.0.9") };
    expect(found({ subnets: [relayed, lacking] })).toMatchObject({
      ok: false,
      because: expect.stringMatching(/no interface of this host has 10\.78\.0\.9.*correct network\.subnets\[1\]\.bootstrapper/),
    });
  });

  test("that a named interface has no address of ours, and which interfaces have", () => {
    expect(found({ interfaces: ["eth0"] })).toMatchObject({
      ok: false,
      because: expect.stringContaining("names eth0, which has none of the bootstrapper's addresses: 10.77.0.1 (eth1)"),
    });
  });
});
