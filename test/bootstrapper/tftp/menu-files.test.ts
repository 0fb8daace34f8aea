/** Configurations for PXELINUX and GRUB: what nextBoot says, counted as an attempt where it says install, and never for somebody else. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MachineState, NextBoot } from "../../../bootstrapper/machines/machine.ts";
import { menuFiles } from "../../../bootstrapper/tftp/menu-files.ts";
import { encode } from "../../../bootstrapper/tftp/packet.ts";
import { type Mac, mac } from "../../../cluster/address.ts";
import { ack, type Entry, fetchTftp, read, type Serving, serveTftp } from "../../support/tftp.ts";
import { udpProbe } from "../../support/udp-probe.ts";

const CP1 = mac("52:54:00:00:00:11");
const OWN = "pxelinux.cfg/01-52-54-00-00-00-11";
let server: Serving;
let world: {
  holder: Mac | undefined;
  next: NextBoot;
  state: Partial<MachineState>;
  denied: string | undefined;
  attempts: Mac[];
  clock: number;
  entries: Entry[];
};
const state = (): MachineState => ({ mac: CP1, phase: "booting", since: 0, because: "x", disks: [], lastSeen: 0, ...world.state });
const grant = (given: object = {}) => ({ openedAt: 0, expiresAt: 1e9, attempt: 1, mayWipe: false, ...given });

beforeEach(async () => {
  world = {
    holder: CP1,
    next: { do: "install", because: "it was never installed" },
    state: { grant: grant() },
    denied: undefined,
    attempts: [],
    clock: 1e6,
    entries: [],
  };
  const made = menuFiles({
    machines: {
      holder: () => world.holder,
      find: state,
      nextBoot: () => world.next,
      apply: async (who) => {
        if (world.denied !== undefined) return { ok: false, because: world.denied };
        world.attempts.push(who);
        return { ok: true, machine: state() };
      },
    },
    menu: (loader, who, next) => `${loader} ${next.do} ${who}`,
    menuForStranger: (loader, because) => `${loader} stranger ${because}`,
    journal: (entry) => world.entries.push(entry),
    now: () => world.clock,
  });
  server = await serveTftp({ "grub.cfg": "an operator's own" }, { made });
});
afterEach(() => server.close());

const fetch = async (name: string): Promise<string> => (await fetchTftp(server.port, name, { blksize: 1408, tsize: 0 })).toString();
const lines = (): string[] => world.entries.map(({ mac, text }) => `${mac} ${text}`);

test.each([
  { name: OWN, text: `pxelinux install ${CP1}` },
  { name: "pxelinux.cfg/7F000001", text: `pxelinux install ${CP1}` },
  { name: "pxelinux.cfg/default", text: `pxelinux install ${CP1}` },
  { name: "grub/grub.cfg-01-52-54-00-00-00-11", text: `grub install ${CP1}` },
  { name: "grub.cfg", text: `grub install ${CP1}` },
])("$name is made for the machine that asks, and being told to install is an attempt", async ({ name, text }) => {
  expect(await fetch(name)).toBe(text);
  expect(world.attempts).toEqual([CP1]);
  expect(lines()).toEqual([`${CP1} boot menu install to 127.0.0.1: it was never installed`]);
});

test.each(["local", "discover", "nothing"] as const)("%s is no attempt", async (what) => {
  world.next = { do: what, because: "so" };
  expect(await fetch(OWN)).toBe(`pxelinux ${what} ${CP1}`);
  expect(world.attempts).toEqual([]);
});

test("whoever asks with another's MAC gets what an unlisted machine gets, and costs it nothing", async () => {
  expect(await fetch("pxelinux.cfg/01-52-54-00-00-00-99")).toContain("pxelinux stranger 52:54:00:00:00:99 does not hold");
  world.holder = undefined;
  expect(await fetch(OWN)).toContain("stranger nobody is known");
  expect(world.attempts).toEqual([]);
});

test("an address in the name that is not the asking one is not there, so that the loader goes on to the next name", async () => {
  await expect(fetch("pxelinux.cfg/0A00000C")).rejects.toThrow("error 1");
});

test("a forged request, which nobody answers for, is no attempt; the first ACK is", async () => {
  const client = await udpProbe();
  client.send(read(OWN, { tsize: 0 }), server.port);
  const { port } = await client.next();
  expect(world.attempts).toEqual([]);
  client.send(ack(0), port);
  await client.next();
  expect(world.attempts).toEqual([CP1]);
  client.send(encode({ op: "error", code: 0, message: "" }), port);
  client.close();
});

test("GRUB, which opens its file twice, makes one attempt; a machine that starts over makes another", async () => {
  await fetch("grub/grub.cfg");
  await fetch("grub/grub.cfg");
  expect(world.attempts).toHaveLength(1);
  world.clock += 10_001;
  await fetch("grub/grub.cfg");
  expect(world.attempts).toHaveLength(2);
});

test("once it has the token of an attempt, the next request is the next attempt, however soon", async () => {
  await fetch(OWN);
  world.state = { grant: grant({ tokenHash: "ab" }) };
  await fetch(OWN);
  expect(world.attempts).toHaveLength(2);
});

test("an attempt that is refused sends not a byte of it", async () => {
  world.denied = "it was told to install 3 times and did not finish";
  await expect(fetch(OWN)).rejects.toThrow("error 0");
  expect(server.lines().join()).toContain("did not finish");
});

test("an attempt that made it fail sends not a byte either", async () => {
  world.state = { phase: "failed", because: "all attempts are used" };
  await expect(fetch(OWN)).rejects.toThrow("error 0");
  expect(server.lines().join()).toContain("all attempts are used");
});
