/** Several interfaces, a relay that others wrote, addresses that are taken, and a foreign server: on networks of their own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ipv4, type Mac, mac, subnet } from "../../../cluster/address.ts";
import type { FurtherSubnet } from "../../../cluster/cluster.ts";
import { stranger } from "../../support/dhcp.ts";
import { type DhcpNetwork, dhcpNetwork, type NetworkClient } from "../../support/dhcp-network.ts";

const further = (prefix: string, ours?: string): FurtherSubnet => ({
  subnet: subnet(`${prefix}.0/24`),
  ...(ours !== undefined && { bootstrapper: ipv4(ours) }),
  routers: [ipv4(`${prefix}.254`)],
  ranges: [{ first: ipv4(`${prefix}.100`), last: ipv4(`${prefix}.149`) }],
  options: [],
});

let network: DhcpNetwork;
beforeAll(async () => {
  network = await dhcpNetwork({
    second: "10.78.0.1",
    network: { subnets: [further("10.78.0", "10.78.0.1"), further("10.79.0")] },
  });
});
afterAll(() => network?.close());

/** What udhcpc says at its end: the address, and which server it is from. */
const udhcpc = async (client: NetworkClient, ...more: readonly string[]): Promise<string> => {
  const events = join(client.folder, "events.sh");
  await writeFile(events, '#!/bin/sh\n[ "$1" != bound ] || echo "bound $ip router=$router server=$serverid"\n', { mode: 0o755 });
  return client.run(30, "udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "5", "-T", "2", "-s", events, ...more);
};
/** A host that nobody gave its address. */
const squatter = async (address: string, hardware: Mac): Promise<NetworkClient> => {
  const host = await network.client(hardware);
  await host.ip("addr", "add", `${address}/24`, "dev", "eth0");
  return host;
};

test("each interface gives addresses of its own network, from our address there", async () => {
  const [first, second] = [await network.client(stranger(1)), await network.client(stranger(2), "br1")];
  expect(await udhcpc(first)).toContain("bound 10.77.0.100 router=10.77.0.254 server=10.77.0.1");
  expect(await udhcpc(second)).toContain("bound 10.78.0.100 router=10.78.0.254 server=10.78.0.1");
});

test("a client that asks for broadcasts, and one that does not, are both heard", async () => {
  const client = await network.client(stranger(3));
  expect(await udhcpc(client, "-B")).toContain("bound 10.77.0.101");
  expect(await udhcpc(client)).toContain("bound 10.77.0.101");
});

test("an address that somebody took without asking is not offered, and whoever has it is named", async () => {
  const taken = mac("52:54:00:77:00:99");
  await squatter("10.77.0.102", taken);
  const client = await network.client(stranger(4));
  expect(await udhcpc(client)).toContain("bound 10.77.0.103");
  expect(network.journal()).toContain(`no offer of 10.77.0.102: 10.77.0.102 is in use by ${taken}, which did not get it from us`);
});

test("while one address is asked about, others are offered at once", async () => {
  const clients = await Promise.all([10, 11, 12, 13].map((number) => network.client(stranger(number))));
  const said = await Promise.all(clients.map((client) => udhcpc(client)));
  const addresses = said.map((text) => /bound (\S+)/.exec(text)?.[1]);
  expect(new Set(addresses).size).toBe(4);
});

test("machines behind ISC's relay get addresses of their own network", async () => {
  const relay = await network.client(mac("52:54:00:77:00:50"));
  const client = await network.client(stranger(5), "br1"); // moved behind the relay below
  await client.ip("link", "set", "eth0", "down");
  await client.ip("link", "del", "eth0");
  await relay.ip("addr", "add", "10.77.0.50/24", "dev", "eth0");
  await relay.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", client.name);
  await relay.ip("addr", "add", "10.79.0.254/24", "dev", "eth1");
  await relay.ip("link", "set", "eth1", "up");
  await client.ip("link", "set", "eth0", "address", stranger(5), "up");
  await network.ip("route", "add", "10.79.0.0/24", "via", "10.77.0.50");
  relay.start("dhcrelay", "-4", "-d", "-a", "-i", "eth0", "-i", "eth1", "10.77.0.1");
  expect(await udhcpc(client, "-t", "10")).toContain("bound 10.79.0.100 router=10.79.0.254 server=10.77.0.1");
});

test("another DHCP server is told of once, with its address and MAC", async () => {
  const foreign = await squatter("10.77.0.200", mac("52:54:00:77:00:c8"));
  foreign.start("dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null", "--dhcp-leasefile=/dev/null", "--user=root",
    "--dhcp-range=10.77.0.210,10.77.0.220", "--no-ping", "--dhcp-broadcast"); // biome-ignore format: one command
  const client = await network.client(stranger(6));
  const warning = /another DHCP server answers machines here: 10\.77\.0\.200 \(52:54:00:77:00:c8\) on br0/g;
  await expect
    .poll(async () => {
      await udhcpc(client, "-B").catch(() => undefined);
      return network.journal();
    })
    .toMatch(warning);
  await udhcpc(client, "-B").catch(() => undefined);
  expect(network.journal().match(warning)).toHaveLength(1);
});
