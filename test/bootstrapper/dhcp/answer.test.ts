/** What each message deserves, in sentences. */
import { expect, test } from "vitest";
import { answer, type Decision, HELD, QUARANTINE, type World } from "../../../bootstrapper/dhcp/answer.ts";
import { openBook, record } from "../../../bootstrapper/dhcp/leases.ts";
import type { Options } from "../../../bootstrapper/dhcp/options.ts";
import { siteOf } from "../../../bootstrapper/dhcp/site.ts";
import type { NextBoot } from "../../../bootstrapper/machines/machine.ts";
import { ipv4, mac } from "../../../cluster/address.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import { at, bookWith, CP1, message, NOON, PXE, rack, SERVER, STRANGER, stranger, W1, W2, world } from "../../support/dhcp.ts";

const ours = { serverId: SERVER };
const plan = siteOf(rack(), SERVER).addresses;
const HOUR = 3_600_000;
const SCRIPT = "http://10.77.0.1/boot/52-54-00-77-00-01.ipxe";
const from = (address: string) => ({ clientAddress: ipv4(address) });
const via = (address: string) => ({ relayAddress: ipv4(address) });

/** The parts of a decision that a sentence names. */
function told(decision: Decision) {
  if (decision.do === "ignore") return "nothing";
  const { options, yourAddress, bootFile } = decision.packet;
  return [options.messageType, yourAddress === "0.0.0.0" ? "" : yourAddress, bootFile].filter(Boolean).join(" ");
}

test.each([
  { when: "a BIOS machine discovers", send: message("discover", PXE["bios"]), gets: "offer 10.77.0.11 undionly.kpxe" },
  { when: "a UEFI machine discovers", send: message("discover", PXE["uefi"]), gets: "offer 10.77.0.11 snponly-amd64.efi" },
  { when: "an arm64 machine discovers", send: message("discover", PXE["arm64"]), gets: "offer 10.77.0.11 ipxe-arm64.efi" },
  {
    when: "a UEFI HTTP machine discovers",
    send: message("discover", PXE["http"]),
    gets: "offer 10.77.0.11 http://10.77.0.1/static/boot/ipxe-amd64.efi",
  },
  { when: "iPXE discovers", send: message("discover", PXE["ipxe"]), gets: `offer 10.77.0.11 ${SCRIPT}` },
  { when: "an operating system discovers", send: message("discover"), gets: "offer 10.77.0.11" },
  { when: "firmware we have no loader for discovers", send: message("discover", { architectures: [14] }), gets: "offer 10.77.0.11" },
  {
    when: "a listed machine without a reservation discovers",
    send: message("discover", PXE["bios"], { mac: W2 }),
    gets: "offer 10.77.0.100 undionly.kpxe",
  },
  { when: "a stranger discovers", send: message("discover", PXE["bios"], { mac: STRANGER }), gets: "offer 10.77.0.100 undionly.kpxe" },
  {
    when: "a stranger asks for a free address",
    send: message("discover", at("10.77.0.105"), { mac: STRANGER }),
    gets: "offer 10.77.0.105",
  },
  {
    when: "it takes our offer",
    send: message("request", { ...ours, ...at("10.77.0.11"), ...PXE["uefi"] }),
    gets: "ack 10.77.0.11 snponly-amd64.efi",
  },
  {
    when: "iPXE takes our offer",
    send: message("request", { ...ours, ...at("10.77.0.11"), ...PXE["ipxe"] }),
    gets: `ack 10.77.0.11 ${SCRIPT}`,
  },
  {
    when: "a stranger takes our offer",
    send: message("request", { ...ours, ...at("10.77.0.100") }, { mac: STRANGER }),
    gets: "ack 10.77.0.100",
  },
  { when: "it wants another address of us", send: message("request", { ...ours, ...at("10.77.0.99") }), gets: "nak" },
  { when: "it says another's address is its own, after a reboot", send: message("request", at("10.77.0.12")), gets: "nak" },
  { when: "it comes back with its address, after a reboot", send: message("request", at("10.77.0.11")), gets: "ack 10.77.0.11" },
  { when: "it comes back from another network", send: message("request", at("192.168.1.20")), gets: "nak" },
  { when: "a stranger comes back from another network", send: message("request", at("192.168.1.20"), { mac: STRANGER }), gets: "nak" },
  { when: "a stranger comes back with a reserved address", send: message("request", at("10.77.0.11"), { mac: STRANGER }), gets: "nak" },
  {
    when: "a stranger comes back with a free address of the range",
    send: message("request", at("10.77.0.104"), { mac: STRANGER }),
    gets: "ack 10.77.0.104",
  },
  {
    when: "a stranger wants an address outside the range of us",
    send: message("request", { ...ours, ...at("10.77.0.200") }, { mac: STRANGER }),
    gets: "nak",
  },
  {
    when: "a listed machine comes back with an address outside the range",
    send: message("request", at("10.77.0.200"), { mac: W2 }),
    gets: "nak",
  },
  { when: "it renews", send: message("request", {}, from("10.77.0.11")), gets: "ack 10.77.0.11" },
  { when: "it renews an address that is not its own", send: message("request", {}, from("10.77.0.12")), gets: "nak" },
  {
    when: "a stranger renews what a restart lost",
    send: message("request", {}, { ...from("10.77.0.104"), mac: STRANGER }),
    gets: "ack 10.77.0.104",
  },
  { when: "it only wants to know", send: message("inform", {}, from("10.77.0.50")), gets: "ack" },
  { when: "a relay asks for it", send: message("discover", {}, via("10.77.0.254")), gets: "offer 10.77.0.11" },
])("when $when, it gets $gets", ({ send, gets }) => {
  const decision = answer(send, world());
  expect(told(decision)).toBe(gets);
  expect(decision.because).not.toBe("");
});

const withLease = (...leases: Parameters<typeof bookWith> extends [unknown, ...infer Rest] ? Rest : never): Partial<World> => ({
  book: bookWith(plan, ...leases),
});
const full = withLease(...Array.from({ length: 10 }, (_, index) => [stranger(index), `10.77.0.${100 + index}`] as const));
const noRange: { readonly cluster: Cluster } = (() => {
  const cluster = rack();
  return { cluster: { ...cluster, network: { ...cluster.network, ranges: [] } } };
})();

test.each([
  {
    when: "it has a lease and asks for another address",
    send: message("discover", at("10.77.0.105"), { mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    gets: "offer 10.77.0.103",
  },
  {
    when: "it has a lease and takes another address",
    send: message("request", { ...ours, ...at("10.77.0.105") }, { mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    gets: "nak",
  },
  {
    when: "somebody else has the address it took",
    send: message("request", { ...ours, ...at("10.77.0.103") }, { mac: STRANGER }),
    in: withLease([W2, "10.77.0.103"]),
    gets: "nak",
  },
  {
    when: "somebody else has the address it renews",
    send: message("request", {}, { ...from("10.77.0.103"), mac: STRANGER }),
    in: withLease([W2, "10.77.0.103"]),
    gets: "nak",
  },
  {
    when: "it renews after its lease ended",
    send: message("request", {}, { ...from("10.77.0.103"), mac: W2 }),
    in: { ...withLease([W2, "10.77.0.103"]), now: NOON + 2 * HOUR },
    gets: "ack 10.77.0.103",
  },
  {
    when: "it takes the address that a client of the same id has",
    send: message("request", { ...ours, ...at("10.77.0.103"), clientId: Uint8Array.of(1) }, { mac: STRANGER }),
    in: withLease([W2, "10.77.0.103"]),
    gets: "nak",
  },
  {
    when: "it comes back under another client-id",
    send: message("discover", { clientId: Uint8Array.of(255, 1, 2) }, { mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    gets: "offer 10.77.0.103",
  },
  {
    when: "nothing may boot",
    send: message("discover", PXE["uefi"]),
    in: { nextBoot: (): NextBoot => ({ do: "nothing", because: "it is retired" }) },
    gets: "offer 10.77.0.11",
  },
  {
    when: "iPXE may not boot",
    send: message("discover", PXE["ipxe"]),
    in: { nextBoot: (): NextBoot => ({ do: "nothing", because: "it is retired" }) },
    gets: "offer 10.77.0.11",
  },
  {
    when: "it boots its disk, which iPXE must tell it",
    send: message("discover", PXE["uefi"]),
    in: { nextBoot: (): NextBoot => ({ do: "local", because: "ready" }) },
    gets: "offer 10.77.0.11 snponly-amd64.efi",
  },
  { when: "the range is full and it has a reservation", send: message("discover"), in: full, gets: "offer 10.77.0.11" },
])("when $when, it gets $gets", ({ send, gets, ...row }) => {
  expect(told(answer(send, world(row.in)))).toBe(gets);
});

test.each([
  { when: "it is a reply", send: message("offer", {}, { op: "reply" }), because: "it is another server's reply" },
  { when: "a client plays the server", send: message("offer"), because: "a client has no business sending offer" },
  { when: "it has no message type, as in BOOTP", send: message(undefined), because: "a message without a type" },
  { when: "the hardware address is a group's", send: message("discover", {}, { mac: mac("01:00:5e:00:00:01") }), because: "nobody's" },
  { when: "the hardware address is zero", send: message("discover", {}, { mac: mac("00:00:00:00:00:00") }), because: "nobody's" },
  {
    when: "its relay is in a network nobody described",
    send: message("discover", {}, via("10.99.0.1")),
    because: "its relay, 10.99.0.1, is in a network which the description does not have",
  },
  { when: "its relay pretends to be us", send: message("discover", {}, via("10.77.0.1")), because: "its relay" },
  { when: "its relay is the network itself", send: message("discover", {}, via("10.77.0.255")), because: "its relay" },
  {
    when: "it chose another server",
    send: message("request", { serverId: ipv4("10.77.0.2"), ...at("10.77.0.11") }),
    because: "it chose 10.77.0.2's offer",
  },
  { when: "a request names no address", send: message("request", ours), because: "it names no address" },
  {
    when: "a stranger renews what another server may have given",
    send: message("request", {}, { ...from("10.77.0.200"), mac: STRANGER }),
    because: "another server may know it",
  },
  {
    when: "a stranger wakes up with what another server may have given",
    send: message("request", at("10.77.0.200"), { mac: STRANGER }),
    because: "another server may know it",
  },
  { when: "the range is full", send: message("discover", {}, { mac: STRANGER }), in: full, because: "widen the range" },
  {
    when: "there is no range for strangers",
    send: message("discover", {}, { mac: STRANGER }),
    in: noRange,
    because: "no range for others in 10.77.0.0/24",
  },
  {
    when: "it wants to know from another network",
    send: message("inform", {}, from("192.0.2.1")),
    because: "it is at 192.0.2.1, not in 10.77.0.0/24",
  },
  { when: "it wants to know and does not say where it is", send: message("inform"), because: "it is at 0.0.0.0, not in 10.77.0.0/24" },
  {
    when: "it gives its lease back",
    send: message("release", ours, { ...from("10.77.0.103"), mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    because: "gives 10.77.0.103 back",
  },
  {
    when: "it gives back what it does not have",
    send: message("release", ours, { ...from("10.77.0.104"), mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    because: "releases 10.77.0.104, which it does not have",
  },
  {
    when: "it gives back another server's lease",
    send: message("release", { serverId: ipv4("10.77.0.2") }, from("10.77.0.11")),
    because: "releases 10.77.0.2's lease",
  },
  {
    when: "it declines its lease",
    send: message("decline", { ...ours, ...at("10.77.0.103") }, { mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    because: "10.77.0.103 is in use by a machine that did not get it from us",
  },
  {
    when: "it declines its reservation",
    send: message("decline", { ...ours, ...at("10.77.0.11") }),
    because: "it stays reserved for cp-1",
  },
  {
    when: "it declines what somebody else has",
    send: message("decline", { ...ours, ...at("10.77.0.103") }, { mac: STRANGER }),
    in: withLease([W2, "10.77.0.103"]),
    because: "which it does not have",
  },
  { when: "it declines nothing", send: message("decline", ours), because: "it declines nothing, which it does not have" },
  {
    when: "it declines another server's offer",
    send: message("decline", { serverId: ipv4("10.77.0.2"), ...at("10.77.0.11") }),
    because: "it declines 10.77.0.2's offer",
  },
])("nothing is said when $when", ({ send, because, ...row }) => {
  const decision = answer(send, world(row.in));
  expect(decision).toMatchObject({ do: "ignore", because: expect.stringContaining(because) });
});

test.each([
  {
    when: "an offer is made from the range",
    send: message("discover", {}, { mac: W2 }),
    lease: { address: "10.77.0.100", mac: W2, state: "offered", endsAt: NOON + HELD },
  },
  { when: "an offer is made of a reservation", send: message("discover"), lease: undefined },
  {
    when: "an offer is made of a lease that runs",
    send: message("discover", {}, { mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    lease: undefined,
  },
  {
    when: "an offer is made of a lease that is about to end",
    send: message("discover", {}, { mac: W2 }),
    in: { ...withLease([W2, "10.77.0.103"]), now: NOON + HOUR - 1 },
    lease: { address: "10.77.0.103", mac: W2, state: "bound", endsAt: NOON + HOUR - 1 + HELD },
  },
  {
    when: "a lease begins",
    send: message("request", { ...ours, ...at("10.77.0.100"), hostname: "Printer.example" }, { mac: STRANGER }),
    lease: { address: "10.77.0.100", mac: STRANGER, state: "bound", endsAt: NOON + HOUR, hostname: "printer" },
  },
  {
    when: "a reservation is taken",
    send: message("request", { ...ours, ...at("10.77.0.11"), hostname: "mallory" }),
    lease: { address: "10.77.0.11", mac: CP1, state: "bound", endsAt: NOON + HOUR },
  },
  {
    when: "a lease is for ever",
    send: message("request", { ...ours, ...at("10.77.0.11") }),
    in: { cluster: rack({ lease: Infinity }) },
    lease: { address: "10.77.0.11", mac: CP1, state: "bound" },
  },
  {
    when: "a lease is given back",
    send: message("release", ours, { ...from("10.77.0.103"), mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    lease: { address: "10.77.0.103", mac: W2, state: "released", endsAt: NOON },
  },
  {
    when: "an address is declined",
    send: message("decline", { ...ours, ...at("10.77.0.103") }, { mac: W2 }),
    in: withLease([W2, "10.77.0.103"]),
    lease: { address: "10.77.0.103", mac: W2, state: "declined", endsAt: NOON + QUARANTINE },
  },
  { when: "a NAK is sent", send: message("request", { ...ours, ...at("10.77.0.99") }), lease: undefined },
  { when: "somebody only wants to know", send: message("inform", {}, from("10.77.0.50")), lease: undefined },
])("the book is told when $when", ({ send, lease, ...row }) => {
  expect(answer(send, world(row.in)).lease).toEqual(lease);
});

test("an offer that lost to another server's is free at once", () => {
  const at100 = world();
  const offer = answer(message("discover", {}, { mac: W2 }), at100);
  record(at100.book, offer.lease!, NOON);
  expect(told(answer(message("discover", at("10.77.0.100"), { mac: STRANGER }), at100))).toBe("offer 10.77.0.101");
  const lost = answer(message("request", { serverId: ipv4("10.77.0.2"), ...at("10.77.0.7") }, { mac: W2 }), at100);
  record(at100.book, lost.lease!, NOON);
  expect(told(answer(message("discover", at("10.77.0.100"), { mac: STRANGER }), at100))).toBe("offer 10.77.0.100");
});

test("a declined address rests, its machine gets another, and later it is given again", () => {
  const { book, ...rest } = world();
  const say = (now: number, ...args: Parameters<typeof message>): string => {
    const decision = answer(message(...args), { ...rest, book, now });
    if (decision.lease) record(book, decision.lease, now);
    return told(decision);
  };
  const w2 = { mac: W2 };
  say(NOON, "discover", {}, w2);
  expect(say(NOON, "request", { ...ours, ...at("10.77.0.100") }, w2)).toBe("ack 10.77.0.100");
  say(NOON, "decline", { ...ours, ...at("10.77.0.100") }, w2);
  expect(say(NOON, "discover", at("10.77.0.100"), w2)).toBe("offer 10.77.0.101");
  expect(say(NOON, "request", { ...ours, ...at("10.77.0.100") }, w2)).toBe("nak");
  expect(say(NOON + QUARANTINE, "discover", at("10.77.0.100"), { mac: STRANGER })).toBe("offer 10.77.0.100");
});

test("one machine keeps one address through firmware, iPXE and its operating system, whatever ids they send", () => {
  const { book, ...rest } = world();
  const stages: Options[] = [
    { ...PXE["uefi"], machineId: new Uint8Array(17) },
    { ...PXE["ipxe"], clientId: Uint8Array.of(1, 0x52, 0x54, 0, 0x99, 0, 1) },
    { clientId: Uint8Array.of(255, 1, 2, 3, 4, 0, 2, 0, 0, 0xab, 0x11) },
    {},
  ];
  const given = stages.map((options) => {
    const decision = answer(message("discover", options, { mac: STRANGER }), { ...rest, book });
    if (decision.lease) record(book, decision.lease, NOON);
    return decision.do === "reply" && decision.packet.yourAddress;
  });
  expect(new Set(given)).toEqual(new Set(["10.77.0.100"]));
});

const reply = (...args: Parameters<typeof message>) => {
  const decision = answer(message(...args), world());
  if (decision.do !== "reply") throw new Error(decision.because);
  return decision;
};

test("an ACK tells a machine everything the description says", () => {
  expect(reply("request", { ...ours, ...at("10.77.0.11") }).packet.options).toEqual({
    messageType: "ack",
    serverId: "10.77.0.1",
    leaseTime: 3600,
    renewalTime: 1800,
    rebindingTime: 3150,
    subnetMask: "255.255.255.0",
    routers: ["10.77.0.254"],
    broadcastAddress: "10.77.0.255",
    nameServers: ["10.77.0.1"],
    domain: "lab.test",
    hostname: "cp-1",
    ntpServers: ["10.77.0.1"],
  });
});

test("a client that says what it wants gets that, and what it cannot do without", () => {
  expect(reply("discover", { wanted: Uint8Array.of(3, 12, 224) }).packet.options).toEqual({
    messageType: "offer",
    serverId: "10.77.0.1",
    leaseTime: 3600,
    renewalTime: 1800,
    rebindingTime: 3150,
    subnetMask: "255.255.255.0",
    routers: ["10.77.0.254"],
    hostname: "cp-1",
  });
});

test("what the description leaves out is not said; name servers are ours when it names none", () => {
  const bare = world({ cluster: rack({ routers: [], nameServers: [], ntp: false, lease: Infinity }) });
  const decision = answer(message("discover", {}, { mac: STRANGER }), bare);
  expect(decision.do === "reply" && decision.packet.options).toEqual({
    messageType: "offer",
    serverId: "10.77.0.1",
    leaseTime: Infinity,
    subnetMask: "255.255.255.0",
    broadcastAddress: "10.77.0.255",
    nameServers: ["10.77.0.1"],
    domain: "lab.test",
  });
});

test("an unlisted machine that becomes a worker is named by its MAC", () => {
  const pooled = rack(
    {},
    { unlisted: { become: "worker", os: rack().machines[0]!.os, disk: rack().machines[0]!.disk, architecture: "amd64" } },
  );
  const decision = answer(message("discover", {}, { mac: STRANGER }), world({ cluster: pooled }));
  expect(decision.do === "reply" && decision.packet.options.hostname).toBe("52-54-00-99-00-01");
});

test("the boot file is in the fields, and in the options of those who ask for them there", () => {
  expect(reply("discover", PXE["uefi"]!).packet).toMatchObject({
    serverAddress: "10.77.0.1",
    serverName: "10.77.0.1",
    bootFile: "snponly-amd64.efi",
    options: { bootFile: "snponly-amd64.efi\0", bootServer: "10.77.0.1" },
  });
  const fieldsOnly = reply("discover", { ...PXE["uefi"], wanted: Uint8Array.of(1, 3) }).packet;
  expect(fieldsOnly.bootFile).toBe("snponly-amd64.efi");
  expect(fieldsOnly.options).not.toHaveProperty("bootFile");
  expect(fieldsOnly.options).not.toHaveProperty("bootServer");
  expect(reply("discover", { ...PXE["http"], wanted: Uint8Array.of(1, 3) }).packet.options).toMatchObject({
    vendorClass: "HTTPClient",
    bootFile: expect.stringContaining("http://"),
  });
});

test("who does not boot is told of no boot server", () => {
  expect(reply("discover").packet).toMatchObject({ serverAddress: "0.0.0.0", serverName: "", bootFile: "" });
});

test("what a server must repeat is repeated: client-id, relay's note, machine id, transaction and flags", () => {
  const sent = { clientId: Uint8Array.of(1, 2), relayAgent: Uint8Array.of(1, 1, 7), machineId: new Uint8Array(17).fill(3) };
  const { packet } = reply(
    "discover",
    { ...PXE["uefi"], ...sent },
    { transaction: 77, broadcast: true, seconds: 9, hops: 2, ...via("10.77.0.254") },
  );
  expect(packet.options).toMatchObject(sent);
  expect(packet).toMatchObject({
    op: "reply",
    mac: CP1,
    transaction: 77,
    broadcast: true,
    seconds: 0,
    hops: 0,
    relayAddress: "10.77.0.254",
  });
});

test("a NAK says why, repeats what it must, and nothing else (RFC 2131 table 3)", () => {
  const sent = { ...ours, ...at("10.77.0.99"), clientId: Uint8Array.of(1), relayAgent: Uint8Array.of(2), machineId: new Uint8Array(17) };
  const { packet } = reply("request", sent, via("10.77.0.254"));
  expect(packet).toMatchObject({ yourAddress: "0.0.0.0", clientAddress: "0.0.0.0", bootFile: "", broadcast: true });
  expect(packet.options).toEqual({
    messageType: "nak",
    serverId: "10.77.0.1",
    message: "10.77.0.99 is not the address reserved for it, 10.77.0.11",
    clientId: sent.clientId,
    relayAgent: sent.relayAgent,
  });
});

test("who only wants to know gets no address and no times (RFC 2131 §4.3.5)", () => {
  const { packet } = reply("inform", {}, from("10.77.0.50"));
  expect(packet).toMatchObject({ clientAddress: "10.77.0.50", yourAddress: "0.0.0.0" });
  expect(Object.keys(packet.options)).not.toEqual(expect.arrayContaining(["leaseTime"]));
  expect(packet.options).toMatchObject({ messageType: "ack", domain: "lab.test" });
});

test.each([
  { what: "an offer", send: message("discover"), to: { to: "client", address: "10.77.0.11", mac: CP1 } },
  {
    what: "an offer to one that hears only broadcasts",
    send: message("discover", {}, { broadcast: true }),
    to: { to: "everyone", address: "255.255.255.255" },
  },
  {
    what: "the ACK of an offer",
    send: message("request", { ...ours, ...at("10.77.0.11") }),
    to: { to: "client", address: "10.77.0.11", mac: CP1 },
  },
  { what: "the ACK of a renewal", send: message("request", {}, from("10.77.0.11")), to: { to: "client", address: "10.77.0.11" } },
  {
    what: "an ACK whose client lies about where it is",
    send: message("request", { ...ours, ...at("10.77.0.11") }, from("10.77.0.66")),
    to: { to: "client", address: "10.77.0.11", mac: CP1 },
  },
  { what: "a NAK to a renewal", send: message("request", {}, from("10.77.0.12")), to: { to: "everyone", address: "255.255.255.255" } },
  { what: "an offer through a relay", send: message("discover", {}, via("10.77.0.254")), to: { to: "relay", address: "10.77.0.254" } },
  {
    what: "a NAK through a relay",
    send: message("request", { ...ours, ...at("10.77.0.9") }, via("10.77.0.254")),
    to: { to: "relay", address: "10.77.0.254" },
  },
  {
    what: "what somebody wanted to know",
    send: message("inform", {}, { ...from("10.77.0.50"), ...via("10.77.0.254") }),
    to: { to: "client", address: "10.77.0.50" },
  },
])("$what goes to $to.to", ({ send, to }) => {
  expect(answer(send, world())).toMatchObject({ do: "reply", to });
});

test.each([
  { name: "Printer", gets: "printer" },
  { name: "printer.example.com", gets: "printer" },
  { name: "cp-1", gets: undefined },
  { name: "sextant", gets: undefined },
  { name: "52-54-00-77-00-01", gets: undefined },
  { name: "-x", gets: undefined },
  { name: "a b", gets: undefined },
  { name: "<script>", gets: undefined },
  { name: "x".repeat(64), gets: undefined },
  { name: "", gets: undefined },
  { name: "taken", gets: undefined },
])("a stranger that calls itself '$name' is called $gets", ({ name, gets }) => {
  const book = openBook(plan, [
    { mac: stranger(1), address: ipv4("10.77.0.109"), state: "bound", endsAt: NOON + HOUR, hostname: "taken" },
  ]).book;
  for (const options of [{ hostname: name }, { hostname: "ignored", clientName: { flags: 1, name } }]) {
    const expected = name === "" && "clientName" in options ? "ignored" : gets;
    expect(
      answer(message("request", { ...ours, ...at("10.77.0.100"), ...options }, { mac: STRANGER }), world({ book })).lease?.hostname,
    ).toBe(expected);
  }
});

test("a name is free again when its lease has ended", () => {
  const book = openBook(plan, [{ mac: stranger(1), address: ipv4("10.77.0.109"), state: "bound", endsAt: NOON, hostname: "taken" }]).book;
  expect(
    answer(message("request", { ...ours, ...at("10.77.0.100"), hostname: "taken" }, { mac: W2 }), world({ book })).lease,
  ).not.toHaveProperty("hostname");
  expect(
    answer(message("request", { ...ours, ...at("10.77.0.100"), hostname: "taken" }, { mac: STRANGER }), world({ book })).lease?.hostname,
  ).toBe("taken");
});

test.each([
  { send: message("discover", PXE["uefi"]), because: "cp-1 asked and it is reserved for it; install: it was never installed" },
  { send: message("discover", {}, { mac: STRANGER }), because: "a machine that is not listed asked and nobody ever had it" },
  { send: message("request", {}, { ...from("10.77.0.12"), mac: W1 }), because: "w-1 keeps it" },
  { send: message("request", { ...ours, ...at("10.77.0.12") }, { mac: W1 }), because: "w-1 takes it" },
  { send: message("inform", {}, from("10.77.0.12")), because: "cp-1 wants to know" },
])("it says why: $because", ({ send, because }) => {
  expect(answer(send, world()).because).toBe(because);
});

test.each([
  { when: "firmware has no loader", send: message("discover", { architectures: [14] }), in: {} },
  { when: "the range is full", send: message("discover", {}, { mac: STRANGER }), in: full },
  { when: "a reservation is declined", send: message("decline", { ...ours, ...at("10.77.0.11") }), in: {} },
])("the operator should look when $when", ({ send, ...row }) => {
  expect(answer(send, world(row.in)).level).toBe("warning");
});
