/** Clients that others wrote, on a network of their own, served on the real ports. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CP1, stranger, W1, W2 } from "../../support/dhcp.ts";
import { type DhcpNetwork, dhcpNetwork, type NetworkClient } from "../../support/dhcp-network.ts";

let network: DhcpNetwork;
beforeAll(async () => {
  network = await dhcpNetwork();
});
afterAll(() => network?.close());

const script = async (client: NetworkClient, name: string, ...lines: readonly string[]): Promise<string> => {
  const path = join(client.folder, name);
  await writeFile(path, ["#!/bin/sh", ...lines, "exit 0", ""].join("\n"));
  await chmod(path, 0o755);
  return path;
};
/** udhcpc's events, each with all that it was told, one line each; the address is set as a real system would. */
const events = (client: NetworkClient): Promise<string> =>
  script(
    client,
    "events.sh",
    '[ "$1" = bound ] || [ "$1" = renew ] || exit 0',
    'ip addr replace "$ip/$mask" dev "$interface"',
    `echo "$1 $ip/$mask router=$router dns=$dns domain=$domain hostname=$hostname ntp=$ntpsrv lease=$lease file=$boot_file server=$serverid" >> ${join(client.folder, "events")}`,
  );
const told = async (client: NetworkClient): Promise<readonly string[]> =>
  (await readFile(join(client.folder, "events"), "utf8").catch(() => "")).trim().split("\n");
const udhcpc = async (client: NetworkClient, ...args: readonly string[]): Promise<string> =>
  client.run(20, "udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "5", "-T", "1", "-s", await events(client), ...args);

describe.concurrent("a real client", () => {
  test("udhcpc gets the reserved address and all that the description says", async ({ expect }) => {
    const client = await network.client(CP1);
    await udhcpc(client, "-O", "ntpsrv");
    expect(await told(client)).toEqual([
      "bound 10.77.0.11/24 router=10.77.0.254 dns=10.77.0.1 domain=lab.test hostname=cp-1 ntp=10.77.0.1 lease=3600 file= server=10.77.0.1",
    ]);
    expect(network.journal()).toContain(`${CP1} ack 10.77.0.11: cp-1 takes it`);
  });

  test("udhcpc that says it is UEFI firmware gets the loader", async ({ expect }) => {
    const client = await network.client(W2);
    await udhcpc(client, "-x", "0x5d:0007", "-V", "PXEClient:Arch:00007:UNDI:003000", "-O", "bootfile");
    expect((await told(client))[0]).toMatch(/^bound 10\.77\.0\.10\d\/24 .* hostname=w-2 .* file=snponly-amd64\.efi /);
  });

  test("an unlisted udhcpc gets an address of the range, renews it, gives it back, and gets it again", async ({ expect }) => {
    const client = await network.client(stranger(1));
    const running = client.start("udhcpc", "-i", "eth0", "-f", "-R", "-s", await events(client), "-x", "hostname:printer");
    await expect.poll(() => told(client), { timeout: 20_000 }).toEqual([expect.stringMatching(/^bound 10\.77\.0\.10\d\/24/)]);
    const address = /10\.77\.0\.10\d/.exec((await told(client))[0]!)![0];
    running.kill("SIGUSR1");
    await expect.poll(() => told(client), { timeout: 20_000 }).toEqual([expect.anything(), expect.stringContaining(`renew ${address}/24`)]);
    expect(network.journal()).toContain(`ack ${address}: a machine that is not listed keeps it`);
    running.kill("SIGTERM");
    await expect.poll(network.journal, { timeout: 20_000 }).toContain(`it gives ${address} back`);
    await client.ip("addr", "flush", "dev", "eth0");
    await udhcpc(client);
    expect((await told(client)).at(-1)).toContain(`bound ${address}/24`);
  });

  test("udhcpc that asks for another machine's address gets its own, and for a free one that", async ({ expect }) => {
    const client = await network.client(stranger(2));
    await udhcpc(client, "-r", "10.77.0.12");
    expect((await told(client))[0]).toMatch(/^bound 10\.77\.0\.10\d\/24/);
    const other = await network.client(stranger(3));
    await udhcpc(other, "-r", "10.77.0.109");
    expect((await told(other))[0]).toContain("bound 10.77.0.109/24");
  });

  test("dhclient gets the reserved address, and after a reboot confirms it without asking for another", async ({ expect }) => {
    const client = await network.client(W1);
    const setUp = await script(client, "set-up.sh", '[ "$reason" != PREINIT ] || ip link set "$interface" up');
    const leases = join(client.folder, "leases");
    const dhclient = (): Promise<string> =>
      client.run(
        30,
        "dhclient",
        "-4",
        "-1",
        "-v",
        "-cf",
        "/dev/null",
        "-sf",
        setUp,
        "-lf",
        leases,
        "-pf",
        join(client.folder, "pid"),
        "eth0",
      );
    // It goes into the background, and only then writes who it is.
    const pid = (): Promise<string> => readFile(join(client.folder, "pid"), "utf8").catch(() => "");

    expect(await dhclient()).toContain("bound to 10.77.0.12");
    expect(await readFile(leases, "utf8")).toMatch(/fixed-address 10\.77\.0\.12;[^}]*option domain-name "lab\.test";/s);
    await expect.poll(pid, { timeout: 20_000 }).toMatch(/\d+\n/);
    process.kill(Number(await pid()));
    const again = await dhclient();
    expect(again).toContain("DHCPREQUEST for 10.77.0.12");
    expect(again).not.toContain("DHCPDISCOVER");
  });

  test("dhclient that comes from another network is told no, and gets an address of ours", async ({ expect }) => {
    const client = await network.client(stranger(4));
    const setUp = await script(client, "set-up.sh", '[ "$reason" != PREINIT ] || ip link set "$interface" up');
    const [leases, pid] = [join(client.folder, "leases"), join(client.folder, "pid")];
    const later = "4 2099/01/01 00:00:00";
    await writeFile(
      leases,
      `lease { interface "eth0"; fixed-address 192.168.5.5; option subnet-mask 255.255.255.0; renew ${later}; rebind ${later}; expire ${later}; }\n`,
    );
    const said = await client.run(30, "dhclient", "-4", "-1", "-v", "-cf", "/dev/null", "-sf", setUp, "-lf", leases, "-pf", pid, "eth0");
    expect(said).toMatch(/DHCPREQUEST for 192\.168\.5\.5.*DHCPNAK from 10\.77\.0\.1.*bound to 10\.77\.0\.10\d/s);
    expect(network.journal()).toContain("192.168.5.5 is not in 10.77.0.0/24");
  });

  test("nmap's broadcast-dhcp-discover, which asks for options that end other servers, is offered an address", async ({ expect }) => {
    const client = await network.client(stranger(5));
    await client.ip("addr", "add", "10.77.0.250/24", "dev", "eth0");
    const said = await client.run(
      60,
      "nmap",
      "--script",
      "broadcast-dhcp-discover",
      "--script-args",
      "broadcast-dhcp-discover.timeout=2",
      "-e",
      "eth0",
    );
    expect(said).toMatch(/IP Offered: 10\.77\.0\.10\d/);
    for (const line of [
      "DHCPOFFER",
      "Server Identifier: 10.77.0.1",
      "IP Address Lease Time: 1h00m00s",
      "Router: 10.77.0.254",
      "Domain Name: lab.test",
      "NTP Servers: 10.77.0.1",
    ]) {
      expect(said).toContain(line);
    }
  });

  test("dhcpcd, which probes its address itself, gets one and keeps it", async ({ expect }) => {
    const client = await network.client(stranger(7));
    // It keeps its leases in one place for the whole host: let that be another.
    const apart = "mount -t tmpfs none /var/lib/dhcpcd && exec timeout 30 dhcpcd -4 -1 -B -d -t 20 --script /bin/true eth0";
    const said = await client.run(40, "unshare", "-m", "sh", "-c", apart);
    expect(said).toMatch(/offered 10\.77\.0\.10\d from 10\.77\.0\.1.*leased 10\.77\.0\.10\d for 3600 seconds/s);
  });

  test("dhcping, which says where it is as a renewing machine does, is answered there", async ({ expect }) => {
    const client = await network.client(stranger(8));
    await client.ip("addr", "add", "10.77.0.108/24", "dev", "eth0");
    const said = await client.run(20, "dhcping", "-v", "-c", "10.77.0.108", "-s", "10.77.0.1", "-h", stranger(8), "-t", "5");
    expect(said).toContain("Got answer from: 10.77.0.1");
  });

  test("the dhcp package as a client gets a lease", async ({ expect }) => {
    const client = await network.client(stranger(6));
    await client.ip("addr", "add", "10.77.0.251/24", "dev", "eth0");
    await client.ip("route", "add", "default", "dev", "eth0");
    // It hears through an ordinary socket and does not ask for broadcasts, as RFC 2131 §4.1 says such a client must.
    await client.run(5, "sysctl", "-w", "net.ipv4.conf.eth0.arp_ignore=1"); // or it would say that it has all of these
    await client.ip("route", "add", "local", "10.77.0.96/28", "dev", "eth0");
    const said = await client.run(30, process.execPath, "--import", "tsx", "test/support/npm-dhcp-client.ts", "02-00-00-00-00-06");
    expect(JSON.parse(said)).toMatchObject({
      address: expect.stringMatching(/^10\.77\.0\.10\d$/),
      options: { netmask: "255.255.255.0", domainName: "lab.test" },
    });
  });
});

test("none of them made the server stumble", () => {
  expect(network.journal()).not.toMatch(/could not|Error/);
});
