import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startRouterAdvertisements } from "../../../bootstrapper/router-advertisements/service.ts";
import type { Kernel } from "../../../bootstrapper/wire/kernel.ts";
import { mac } from "../../../cluster/address.ts";

const CARD = { interface: "eth0", mac: mac("52:54:00:77:00:fe") };
const FD = 99;

/** A kernel that has one card, eth0, and says which frames left. */
function fakeKernel(more: Partial<Kernel> = {}) {
  const sent: Uint8Array[] = [];
  const kernel = {
    socket: () => FD,
    ioctl: (_fd: number, _request: number, value: Uint8Array) => {
      const known = Buffer.from(value).toString("latin1").startsWith("eth0\0");
      if (known) Buffer.from(value.buffer, value.byteOffset).writeInt32LE(7, 16);
      return known ? 0 : -1;
    },
    sendto: (_fd: number, bytes: Uint8Array, length: number, _flags: number, to: Uint8Array) => {
      expect(to[4]).toBe(7);
      sent.push(bytes);
      return length;
    },
    close: () => 0,
    failure: () => "EPERM",
    ...more,
  } as unknown as Kernel;
  return { kernel, sent };
}

const said: string[] = [];
const journal = ({ text }: { readonly text: string }) => void said.push(text);
beforeEach(() => {
  said.length = 0;
  vi.useFakeTimers();
  return () => void vi.useRealTimers();
});

describe("machines that look for something to boot", () => {
  test("hear at once, and a thousand at once hear ten times a second and not one too few", () => {
    const { kernel, sent } = fakeKernel();
    const advertisements = startRouterAdvertisements({ cards: [CARD], journal, kernel });
    advertisements.due();
    expect(sent).toHaveLength(1);
    for (let machine = 0; machine < 1000; machine += 1) {
      advertisements.due();
      if (machine % 100 === 99) vi.advanceTimersByTime(50);
    }
    vi.advanceTimersByTime(1000);
    // Half a second of them, and one more for the last that asked.
    expect(sent).toHaveLength(6);
    expect(advertisements.health()).toBe("ending IPv6 waits on eth0");
    expect(said).toEqual([]);
  });

  test("hear nothing once it is over", async () => {
    const { kernel, sent } = fakeKernel();
    const advertisements = startRouterAdvertisements({ cards: [CARD], journal, kernel });
    advertisements.due();
    advertisements.due();
    await advertisements.close();
    advertisements.due();
    vi.advanceTimersByTime(1000);
    expect(sent).toHaveLength(1);
  });
});

describe("what cannot be sent", () => {
  test("for want of a right is told once, with the way out", () => {
    const { kernel } = fakeKernel({ socket: () => -1 });
    const advertisements = startRouterAdvertisements({ cards: [CARD], journal, kernel });
    advertisements.due();
    expect(said).toEqual([
      "no router advertisements are sent, so every start of iPXE takes about 13 s longer: " +
        "that needs root or CAP_NET_RAW; give it, or say network.routerAdvertisements: false",
    ]);
    expect(advertisements.health()).toMatch(/^that needs root/);
  });

  test("on a card that went away is told once, and over when it is back", () => {
    const { kernel, sent } = fakeKernel();
    const card = { ...CARD };
    const advertisements = startRouterAdvertisements({ cards: [card, { ...CARD, interface: "eth1" }], journal, kernel });
    for (let time = 0; time < 3; time += 1) {
      advertisements.due();
      vi.advanceTimersByTime(200);
    }
    expect(sent).toHaveLength(3); // the other card's
    expect(said).toEqual([expect.stringContaining("there is no interface eth1")]);
  });

  test("where the system has no call for it is told, and nothing else happens", () => {
    const advertisements = startRouterAdvertisements({ cards: [CARD], journal, kernel: undefined });
    advertisements.due();
    expect(said).toHaveLength(1);
  });
});

describe("on a real link", () => {
  const namespaces = ["a", "b"].map((end) => `sxra-${process.pid}-${end}`) as [string, string];
  const ip = (...args: readonly string[]) => void execFileSync("ip", args);
  const inside = (name: string, ...command: readonly string[]) =>
    execFileSync("ip", ["netns", "exec", name, ...command], { encoding: "utf8" });
  beforeEach(() => {
    vi.useRealTimers();
    const [a, b] = namespaces;
    for (const name of namespaces) ip("netns", "add", name);
    ip("-n", a, "link", "add", "card", "address", CARD.mac, "type", "veth", "peer", "name", "card", "netns", b);
    // The sender's own side may have no IPv6 at all.
    inside(a, "sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1");
    for (const name of namespaces) ip("-n", name, "link", "set", "card", "up");
  });
  afterEach(() => {
    for (const name of namespaces) ip("netns", "delete", name);
  });

  test("another kernel takes it for a router advertisement without a fault, and gets neither route nor address from it", async () => {
    const [a, b] = namespaces;
    await vi.waitFor(() => expect(inside(b, "ip", "-6", "address", "show", "card")).toMatch(/fe80::(?!.*tentative)/), 10_000);
    const count = (name: string) => Number(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(inside(b, "cat", "/proc/net/snmp6"))?.[1]);
    const before = count("Icmp6InRouterAdvertisements");
    const runner = [process.execPath, "--import", "tsx", "test/support/advertisement-runner.ts", "card", CARD.mac];
    expect(inside(a, ...runner)).toBe("ending IPv6 waits on card\n");
    expect(count("Icmp6InRouterAdvertisements")).toBe(before + 1);
    expect([count("Icmp6InErrors"), count("Icmp6InCsumErrors")]).toEqual([0, 0]);
    expect(inside(b, "ip", "-6", "route", "show", "default")).toBe("");
    expect(inside(b, "ip", "-6", "address", "show", "scope", "global")).toBe("");
  });
});
