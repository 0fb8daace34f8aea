/** The server on loopback: sockets, clock, disk and journal around the decisions. */
import { afterEach, expect, test } from "vitest";
import { encodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import { openUdp } from "../../../bootstrapper/wire/udp.ts";
import { ipv4, NOWHERE } from "../../../cluster/address.ts";
import { at, CP1, install, message, NOON, onLoopback, PXE, STRANGER, stranger, W1, W2 } from "../../support/dhcp.ts";
import { type LiveDhcp, LOOPBACK, liveDhcp } from "../../support/live-dhcp.ts";
import { memoryStore } from "../../support/memory-store.ts";

const running: { close(): Promise<void> }[] = [];
const start = async (changes: Parameters<typeof liveDhcp>[0] = {}): Promise<LiveDhcp> => {
  const live = await liveDhcp(changes);
  running.push(live);
  return live;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((live) => live.close()));
});

const chosen = { serverId: LOOPBACK };
const texts = ({ lines }: LiveDhcp): string[] => lines.map(({ mac, text }) => (mac ? `${mac} ${text}` : text));

test("a machine gets its reservation in four messages, and the journal says so in as many lines as there were replies", async () => {
  const live = await start();
  expect(await live.ask("discover", PXE["uefi"])).toMatchObject({
    yourAddress: "127.0.0.11",
    bootFile: "snponly-amd64.efi",
    options: { messageType: "offer" },
  });
  expect(await live.ask("request", { ...chosen, ...at("127.0.0.11"), ...PXE["uefi"] })).toMatchObject({
    yourAddress: "127.0.0.11",
    options: { messageType: "ack" },
  });
  await expect
    .poll(() => texts(live).slice(-2))
    .toEqual([
      `${CP1} offer 127.0.0.11 snponly-amd64.efi: cp-1 asked and it is reserved for it; install: it was never installed`,
      `${CP1} ack 127.0.0.11 snponly-amd64.efi: cp-1 takes it; install: it was never installed`,
    ]);
  expect(live.dhcp.leases()).toEqual([{ mac: CP1, address: "127.0.0.11", hostname: "cp-1", expiresAt: NOON + 3_600_000 }]);
  expect(live.dhcp.holder(ipv4("127.0.0.11"))).toBe(CP1);
  expect(live.dhcp.addressOf(CP1)).toBe("127.0.0.11");
  expect(live.dhcp.health()).toBe("serving, 2 answered");
  expect(texts(live)[0]).toBe("serving 127.0.0.0/24 from 127.0.0.1: 2 reservations, 127.0.0.100-127.0.0.109 for others");
});

test("no ACK leaves before its lease is on disk", async () => {
  const live = await start();
  const release = live.store.hold();
  live.say("request", { ...chosen, ...at("127.0.0.11") });
  await expect.poll(live.store.waiting).toBe(1);
  expect(await live.client.hear(50)).toEqual([]);
  release();
  expect((await live.reply()).options.messageType).toBe("ack");
  expect(await live.store.table("leases").entries()).toEqual(
    new Map([["127.0.0.11", { mac: CP1, address: "127.0.0.11", state: "bound", endsAt: NOON + 3_600_000 }]]),
  );
});

test("while one lease waits for the disk, others wait beside it and offers go on", async () => {
  const live = await start();
  const release = live.store.hold();
  live.say("request", { ...chosen, ...at("127.0.0.11") });
  live.say("request", { ...chosen, ...at("127.0.0.12") }, { mac: W1 });
  live.say("request", { ...chosen, ...at("127.0.0.100") }, { mac: W2 });
  await expect.poll(live.store.waiting).toBe(3);
  expect((await live.ask("discover")).options.messageType).toBe("offer");
  release();
  const acks = [await live.reply(), await live.reply(), await live.reply()];
  expect(acks.map(({ yourAddress }) => yourAddress).sort()).toEqual(["127.0.0.100", "127.0.0.11", "127.0.0.12"]);
});

test("a disk that refuses a lease costs the ACK, is journaled, and is asked again", async () => {
  const live = await start();
  live.store.fail(new Error("no space left on device"));
  live.say("request", { ...chosen, ...at("127.0.0.11") });
  await expect
    .poll(() => live.lines.at(-1))
    .toMatchObject({
      mac: CP1,
      level: "warning",
      text: "no answer to request: the lease could not be written to disk: no space left on device",
    });
  expect(await live.client.hear(20)).toEqual([]);
  live.store.fail(undefined);
  expect((await live.ask("request", { ...chosen, ...at("127.0.0.11") })).options.messageType).toBe("ack");
});

test("a restart forgets no lease, not even a stranger's", async () => {
  const store = memoryStore();
  const before = await start({ store });
  await before.ask("discover", {}, { mac: STRANGER });
  expect((await before.ask("request", { ...chosen, ...at("127.0.0.100"), hostname: "printer" }, { mac: STRANGER })).yourAddress).toBe(
    "127.0.0.100",
  );
  await before.close();

  const after = await start({ store });
  expect(after.dhcp.leases()).toEqual([{ mac: STRANGER, address: "127.0.0.100", hostname: "printer", expiresAt: NOON + 3_600_000 }]);
  expect(after.dhcp.addressNamed("printer")).toBe("127.0.0.100");
  expect((await after.ask("discover", {}, { mac: stranger(1) })).yourAddress).toBe("127.0.0.101");
  expect((await after.ask("request", {}, { mac: STRANGER, clientAddress: ipv4("127.0.0.100") })).options.messageType).toBe("ack");
});

test("a lease that contradicts a new description is forgotten, on disk too, and the journal says why", async () => {
  const store = memoryStore();
  await store.table("leases").put("127.0.0.11", { mac: STRANGER, address: "127.0.0.11", state: "bound", endsAt: NOON + 1000 });
  const live = await start({ store });
  expect(live.lines[0]).toMatchObject({
    mac: STRANGER,
    level: "warning",
    text: `lease of 127.0.0.11 forgotten: 127.0.0.11 is now reserved for ${CP1}`,
  });
  expect(await store.table("leases").entries()).toEqual(new Map());
});

test("while too many leases wait for the disk, each machine's newest word waits too, and what finds no place is counted", async () => {
  const live = await start({ waiting: 2 });
  const release = live.store.hold();
  live.say("request", { ...chosen, ...at("127.0.0.11") });
  live.say("request", { ...chosen, ...at("127.0.0.12") }, { mac: W1 });
  await expect.poll(live.store.waiting).toBe(2);
  live.say("discover", {}, { mac: W2, transaction: 1 });
  live.say("discover", {}, { mac: W2, transaction: 2 });
  live.say("discover", {}, { mac: STRANGER });
  live.say("discover", {}, { mac: stranger(1) });
  live.say("request", { ...chosen, ...at("127.0.0.11") });
  await expect.poll(() => live.dhcp.counts()).toMatchObject({ received: 7, shed: 1 });
  release();
  const replies = [await live.reply(), await live.reply(), await live.reply(), await live.reply(), await live.reply()];
  expect(replies.map(({ options }) => options.messageType).sort()).toEqual(["ack", "ack", "ack", "offer", "offer"]);
  expect(replies.filter(({ mac }) => mac === W2)).toMatchObject([{ transaction: 2 }]);
  expect((await live.ask("discover", {}, { mac: stranger(1) })).yourAddress).toBe("127.0.0.102");
  expect(live.dhcp.health()).toBe("serving, 6 answered, 1 dropped while the disk was busy");
});

test("closing answers what was begun", async () => {
  const live = await start();
  const release = live.store.hold();
  live.say("request", { ...chosen, ...at("127.0.0.11") });
  await expect.poll(live.store.waiting).toBe(1);
  const closed = live.dhcp.close();
  release();
  await closed;
  expect((await live.reply()).options.messageType).toBe("ack");
});

test("replies go to everyone, to the client that has its address, and to the relay", async () => {
  const live = await start();
  await live.ask("discover");
  await live.ask("request", {}, { clientAddress: ipv4("127.0.0.11") });
  await live.ask("discover", {}, { relayAddress: ipv4("127.0.0.254") });
  expect(live.sentTo).toEqual(["255.255.255.255", "127.0.0.11", "127.0.0.254"]);
});

test("every machine that asks is seen, listed or not, but not who sends nonsense", async () => {
  const live = await start();
  await live.ask("discover");
  await live.ask("discover", {}, { mac: STRANGER });
  live.say("offer", {}, { op: "reply", mac: stranger(1) });
  live.say("discover", {}, { mac: stranger(2), relayAddress: ipv4("10.0.0.1") });
  await live.ask("discover");
  expect(live.seen).toEqual([CP1, STRANGER, CP1]);
});

test("a machine whose options are garbled is answered, and the journal says what was left out", async () => {
  const live = await start();
  const packet = encodePacket(message("discover", { machineId: Uint8Array.of(1, 2, 3) }));
  live.client.send(packet, live.dhcp.port);
  expect((await live.reply()).yourAddress).toBe("127.0.0.11");
  await expect
    .poll(() => live.lines.at(-1)?.text)
    .toBe("offer 127.0.0.11: cp-1 asked and it is reserved for it; not understood: option 97 (machineId): expected 17 bytes, got 3");
});

test("in proxy mode it gives no address, answers on its second port too, and says at the start what it does", async () => {
  const live = await start({ cluster: onLoopback({ dhcp: "proxy" }) });
  expect(texts(live)[0]).toBe(
    "telling machines in 127.0.0.0/24 from 127.0.0.1 what to boot; their addresses come from the site's own DHCP server",
  );
  expect(await live.ask("discover", PXE["bios"])).toMatchObject({
    yourAddress: "0.0.0.0",
    bootFile: "undionly.kpxe",
    options: { vendorClass: "PXEClient" },
  });
  live.say("discover");
  await expect.poll(() => live.lines.at(-1)?.text).toContain("no answer to discover: it wants only an address");
  live.client.send(encodePacket(message("request", PXE["uefi"], { clientAddress: ipv4("127.0.0.50") })), live.opened.at(-1)!);
  expect(await live.client.next()).toMatchObject({ port: live.opened.at(-1) });
  expect(await live.store.table("leases").entries()).toEqual(new Map());
});

test("another DHCP server on the machine is not shared with, but named", async () => {
  const other = await openUdp({ address: NOWHERE, port: 0, reuse: true }, () => {});
  running.push(other);
  const { port } = other.address();
  await expect(start({ ports: { server: port, client: 1, relay: 1, pxe: 1 } })).rejects.toThrow(
    `cannot listen on 0.0.0.0:${port}/udp: another program has the port`,
  );
});

test("an address that is not this machine's ends the start with what to correct, and frees the port", async () => {
  const probe = await openUdp({ address: NOWHERE, port: 0 }, () => {});
  const { port } = probe.address();
  await probe.close();
  await expect(start({ server: ipv4("192.0.2.1"), ports: { server: port, client: 1, relay: 1, pxe: 1 } })).rejects.toThrow(
    "correct the bootstrapper's address",
  );
  running.push(await openUdp({ address: NOWHERE, port }, () => {}));
});

test("a decision that fails does not end the server", async () => {
  let broken = true;
  const live = await start({
    nextBoot: () => {
      if (broken) throw new Error("the lifecycle is broken");
      return install;
    },
  });
  live.say("discover", PXE["bios"]);
  await expect.poll(() => live.lines.at(-1)?.text).toBe("a packet could not be handled: the lifecycle is broken");
  broken = false;
  expect((await live.ask("discover", PXE["bios"])).bootFile).toBe("undionly.kpxe");
});

test("it is well as long as it hears itself and its leases reach the disk", async () => {
  const live = await start();
  expect(live.dhcp.ok()).toBe(true);
  live.store.fail(new Error("no space left on device"));
  live.say("request", { ...chosen, ...at("127.0.0.11") });
  await expect.poll(live.dhcp.ok).toBe(false);
  expect(live.dhcp.health()).toBe("no lease can be given: no space left on device");
  live.store.fail(undefined);
  await live.ask("request", { ...chosen, ...at("127.0.0.11") });
  expect(live.dhcp.ok()).toBe(true);
});
