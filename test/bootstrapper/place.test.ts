import { describe, expect, test } from "vitest";
import { addressMissing, bootCards, endpoints, servedFrom } from "../../bootstrapper/place.ts";
import { ipv4, subnet } from "../../cluster/address.ts";
import { described } from "../support/description.ts";

const PORTS = { http: 80, https: 443, dhcp: 67, tftp: 69, dns: 53, time: 123, registry: 5000 };
const ETH0 = { interface: "eth0", address: "192.168.1.5" };
const LO = { interface: "lo", address: "127.0.0.1" };

describe("our address", () => {
  test("is fine when an interface has it", () => {
    expect(addressMissing(ipv4("192.168.1.5"), [LO, ETH0])).toBeUndefined();
    expect(addressMissing(ipv4("127.0.0.9"), [LO])).toBeUndefined();
  });

  test("is missed with the addresses that are there, and the ways out", () => {
    expect(addressMissing(ipv4("10.0.0.1"), [LO, ETH0])).toMatch(
      /no interface of this host has 10\.0\.0\.1.*it has 192\.168\.1\.5 \(eth0\)\. Give it the address.*--address.*network\.bootstrapper/,
    );
    expect(addressMissing(ipv4("10.0.0.1"), [LO])).toContain("no address but its loopback");
  });

  test("takes the place of the described one wherever machines are told of it", () => {
    const { network } = servedFrom(described(), ipv4("127.0.0.9"));
    expect(network).toMatchObject({ bootstrapper: "127.0.0.9", nameServers: ["127.0.0.9"] });
  });

  test("is named without the usual ports", () => {
    expect(endpoints(ipv4("10.0.0.1"), PORTS, "ca")).toMatchObject({ http: "http://10.0.0.1", https: "https://10.0.0.1" });
    expect(endpoints(ipv4("10.0.0.1"), { ...PORTS, http: 8080, https: 8443 }, "ca")).toMatchObject({
      http: "http://10.0.0.1:8080",
      https: "https://10.0.0.1:8443",
    });
  });
});

describe("the cards that machines boot through", () => {
  const card = (name: string, address: string, index: number) => ({
    interface: name,
    address,
    mac: `02:00:00:00:00:0${index}`,
    internal: name === "lo",
  });
  const here = [card("lo", "127.0.0.1", 0), card("eth0", "10.0.0.1", 1), card("eth0", "10.0.0.9", 1), card("eth1", "10.1.0.1", 2)];
  const network = { interfaces: [], bootstrapper: ipv4("10.0.0.1"), subnets: [] };
  const names = (given: Parameters<typeof bootCards>[0]) => bootCards(given, here).map((one) => one.interface);

  test("are those with our address on the machines' networks, each once", () => {
    expect(bootCards(network, here)).toEqual([{ interface: "eth0", mac: "02:00:00:00:00:01" }]);
    const further = { subnet: subnet("10.1.0.0/24"), bootstrapper: ipv4("10.1.0.1"), routers: [], ranges: [], options: [] };
    expect(names({ ...network, subnets: [further, { ...further, bootstrapper: ipv4("10.2.0.1") }] })).toEqual(["eth0", "eth1"]);
  });

  test("or those that are named, and never the loopback", () => {
    expect(names({ ...network, interfaces: ["eth1", "lo", "eth7"] })).toEqual(["eth1"]);
    expect(names({ ...network, bootstrapper: ipv4("127.0.0.1") })).toEqual([]);
  });
});
