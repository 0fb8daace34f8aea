/** Several subnets: where a client is, what it is given there, and what it is told. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { answer, type Decision, HELD, inUse, QUARANTINE } from "../../../bootstrapper/dhcp/answer.ts";
import { holderOfLease, openBook, record } from "../../../bootstrapper/dhcp/leases.ts";
import { greeting } from "../../../bootstrapper/dhcp/lines.ts";
import { siteOf } from "../../../bootstrapper/dhcp/site.ts";
import { viewsOf } from "../../../bootstrapper/dhcp/views.ts";
import { type Ipv4, ipv4, type Mac, subnet } from "../../../cluster/address.ts";
import type { FurtherSubnet } from "../../../cluster/cluster.ts";
import { at, CP1, message, NOON, PXE, rack, SERVER, STRANGER, stranger, world } from "../../support/dhcp.ts";

const range = (first: string, last: string) => ({ first: ipv4(first), last: ipv4(last) });
const storage: FurtherSubnet = {
  subnet: subnet("10.78.0.0/24"),
  bootstrapper: ipv4("10.78.0.1"),
  routers: [ipv4("10.78.0.254")],
  ranges: [range("10.78.0.10", "10.78.0.11"), range("10.78.0.50", "10.78.0.51")],
  nameServers: [ipv4("10.78.0.2")],
  lease: 600,
  options: [{ code: 15, hex: Buffer.from("storage.test").toString("hex") }],
};
const remote: FurtherSubnet = { subnet: subnet("10.79.0.0/24"), routers: [], ranges: [range("10.79.0.10", "10.79.0.99")], options: [] };
const cluster = rack({ subnets: [storage, remote] });
const there = (changes: Parameters<typeof world>[0] = {}) => world({ cluster, ...changes });

const linkSelection = (address: string): Uint8Array => Uint8Array.of(1, 2, 7, 7, 5, 4, ...address.split(".").map(Number));
const via = (address: string) => ({ relayAddress: ipv4(address) });
const replied = (decision: Decision) => {
  if (decision.do !== "reply") throw new Error(decision.because);
  return decision.packet;
};
const stays = { mac: STRANGER };

test.each([
  { where: "nothing tells", send: message("discover", {}, stays), gets: "10.77.0.100" },
  { where: "the interface is in another subnet", send: message("discover", {}, stays), on: "10.78.0.1", gets: "10.78.0.10" },
  { where: "a relay is in another subnet", send: message("discover", {}, { ...stays, ...via("10.79.0.254") }), gets: "10.79.0.10" },
  {
    where: "the relay says so of another (RFC 3527)",
    send: message("discover", { relayAgent: linkSelection("10.78.0.0") }, { ...stays, ...via("10.79.0.254") }),
    gets: "10.78.0.10",
  },
  {
    where: "the relay itself is nowhere, but says where the client is",
    send: message("discover", { relayAgent: linkSelection("10.78.0.0") }, { ...stays, ...via("192.0.2.1") }),
    gets: "10.78.0.10",
  },
  {
    where: "the client asks for a subnet (RFC 3011)",
    send: message("discover", { subnetSelection: ipv4("10.79.0.0") }, stays),
    gets: "10.79.0.10",
  },
  {
    where: "a link selection comes without a relay, which only a client can have made up",
    send: message("discover", { relayAgent: linkSelection("10.78.0.0") }, stays),
    gets: "10.77.0.100",
  },
])("when $where, it is offered $gets", ({ send, gets, on }) => {
  const decision = answer(send, there(on ? { heardOn: ipv4(on) } : {}));
  expect(replied(decision).yourAddress).toBe(gets);
});

test.each([
  {
    when: "its relay is in no subnet",
    send: message("discover", {}, via("192.0.2.1")),
    because: "its relay, 192.0.2.1, is in a network which",
  },
  {
    when: "its relay names no subnet of ours",
    send: message("discover", { relayAgent: linkSelection("192.0.2.0") }, via("10.79.0.254")),
    because: "its relay says that it is in the network of 192.0.2.0",
  },
  {
    when: "it wants no subnet of ours",
    send: message("discover", { subnetSelection: ipv4("192.0.2.0") }),
    because: "it wants an address in the network of 192.0.2.0",
  },
  { when: "its relay says that it is us", send: message("discover", {}, via("10.78.0.1")), because: "its relay says that it is us" },
])("nothing is said when $when", ({ send, because }) => {
  expect(answer(send, there())).toMatchObject({ do: "ignore", because: expect.stringContaining(because) });
});

test("each subnet says what is its own, and what the network says otherwise", () => {
  const told = (heardOn: string) => replied(answer(message("discover", PXE["uefi"], stays), there({ heardOn: ipv4(heardOn) })));
  const main = told("10.77.0.1");
  const other = told("10.78.0.1");
  expect(main.options).toMatchObject({ serverId: "10.77.0.1", leaseTime: 3600, domain: "lab.test", routers: ["10.77.0.254"] });
  expect(other).toMatchObject({ serverAddress: "10.78.0.1", serverName: "10.78.0.1" });
  expect(other.options).toMatchObject({
    serverId: "10.78.0.1",
    leaseTime: 600,
    renewalTime: 300,
    rebindingTime: 525,
    subnetMask: "255.255.255.0",
    broadcastAddress: "10.78.0.255",
    routers: ["10.78.0.254"],
    nameServers: ["10.78.0.2"],
    domain: "storage.test",
  });
});

test("where we have no address, a relayed client is told our main one, and a relay may give us another (RFC 5107)", () => {
  const relayed = (relayAgent?: Uint8Array) =>
    replied(answer(message("discover", relayAgent ? { relayAgent } : {}, { ...stays, ...via("10.79.0.254") }), there()));
  expect(relayed().options.serverId).toBe(SERVER);
  const override = Uint8Array.of(11, 4, 10, 79, 0, 254);
  expect(relayed(override).options).toMatchObject({ serverId: "10.79.0.254", relayAgent: override });
  const chosen = { serverId: ipv4("10.79.0.254"), ...at("10.79.0.10") };
  expect(
    replied(answer(message("request", { ...chosen, relayAgent: override }, { ...stays, ...via("10.79.0.254") }), there())).options,
  ).toMatchObject({
    messageType: "ack",
    serverId: "10.79.0.254",
  });
  expect(answer(message("request", chosen, { ...stays, ...via("10.79.0.254") }), there()).because).toBe("it chose 10.79.0.254's offer");
});

test("a reservation is only valid in its own subnet; elsewhere its machine gets an address of the range, and the reason", () => {
  const elsewhere = answer(message("discover", {}, { mac: CP1 }), there({ heardOn: ipv4("10.78.0.1") }));
  expect(replied(elsewhere).yourAddress).toBe("10.78.0.10");
  expect(elsewhere.because).toBe(
    "cp-1 asked and 10.77.0.11 is reserved for it, but not in 10.78.0.0/24, where it asks; nobody ever had it",
  );
  expect(replied(answer(message("discover", {}, { mac: CP1 }), there())).yourAddress).toBe("10.77.0.11");
});

test("who comes back with an address of another subnet is told at once that it cannot have it", () => {
  const moved = message("request", at("10.77.0.11"), { mac: CP1, ...via("10.79.0.254") });
  expect(replied(answer(moved, there()))).toMatchObject({
    broadcast: true,
    options: { messageType: "nak", message: "10.77.0.11 is not in 10.79.0.0/24" },
  });
});

test("who renews from behind a router is known by its address, not by where its packet came in", () => {
  const world = there({ heardOn: SERVER });
  record(world.book, { mac: STRANGER, address: ipv4("10.79.0.10"), state: "bound", endsAt: NOON + 1000 }, NOON);
  const renewal = answer(message("request", {}, { ...stays, clientAddress: ipv4("10.79.0.10") }), world);
  expect(renewal).toMatchObject({ to: { to: "client", address: "10.79.0.10" }, lease: { address: "10.79.0.10" } });
});

test("ranges are used up in their order, and a full subnet does not touch the others", () => {
  const { book, ...rest } = there({ heardOn: ipv4("10.78.0.1") });
  const take = (mac: Mac) => {
    const decision = answer(message("discover", {}, { mac }), { book, ...rest });
    if (decision.lease) record(book, decision.lease, NOON);
    return decision.do === "reply" ? decision.packet.yourAddress : decision.because;
  };
  expect([1, 2, 3, 4].map((number) => take(stranger(number)))).toEqual(["10.78.0.10", "10.78.0.11", "10.78.0.50", "10.78.0.51"]);
  expect(take(stranger(5))).toBe(
    "all 4 addresses of the range 10.78.0.10-10.78.0.11, 10.78.0.50-10.78.0.51 are taken and the next one comes free in 30 s; widen the range",
  );
  expect(replied(answer(message("discover", {}, { mac: stranger(5) }), { ...rest, book, heardOn: SERVER })).yourAddress).toBe(
    "10.77.0.100",
  );
});

test("one card in two subnets has a lease in each; it is where it took the last one", () => {
  const { site, book } = there();
  const lease = (address: string) => ({ mac: STRANGER, address: ipv4(address), state: "bound", endsAt: NOON + 1000 }) as const;
  record(book, lease("10.77.0.100"), NOON);
  record(book, lease("10.78.0.10"), NOON);
  const views = viewsOf(site, book, () => NOON);
  expect(views.leases().map(({ address }) => address)).toEqual(["10.77.0.100", "10.78.0.10"]);
  expect(views.addressOf(STRANGER)).toBe("10.78.0.10");
  expect(views.holder(ipv4("10.77.0.100"))).toBe(STRANGER);
});

test("leases in a subnet that is described no more are dropped", () => {
  const { dropped } = openBook(siteOf(rack(), SERVER).addresses, [{ mac: STRANGER, address: ipv4("10.78.0.10"), state: "bound" }]);
  expect(dropped.map(({ because }) => because)).toEqual(["10.78.0.10 is in none of the networks that are described"]);
});

test("the first line names every subnet", () => {
  expect(greeting(siteOf(cluster, SERVER), false)).toBe(
    "serving 10.77.0.0/24 from 10.77.0.1: 2 reservations, 10.77.0.100-10.77.0.109 for others; " +
      "10.78.0.0/24 from 10.78.0.1: 0 reservations, 10.78.0.10-10.78.0.11, 10.78.0.50-10.78.0.51 for others; " +
      "10.79.0.0/24 from 10.77.0.1: 0 reservations, 10.79.0.10-10.79.0.99 for others",
  );
});

test.each([
  { when: "nobody ever had it", mac: STRANGER, options: {}, probe: "10.77.0.100" },
  { when: "it asked for it and it is free", mac: STRANGER, options: at("10.77.0.105"), probe: "10.77.0.105" },
  { when: "it is reserved", mac: CP1, options: {}, probe: undefined },
])("an address is asked about before it is offered, when $when: $probe", ({ mac, options, probe }) => {
  expect(answer(message("discover", options, { mac }), there()).probe).toBe(probe);
});

test("a machine is not asked about the address that it had itself, another one is", () => {
  const world = there();
  for (let index = 0; index < 10; index += 1)
    record(world.book, { mac: stranger(index), address: ipv4(`10.77.0.${100 + index}`), state: "bound", endsAt: NOON - 100 + index }, NOON);
  expect(answer(message("discover", {}, { mac: stranger(3) }), world)).not.toHaveProperty("probe");
  expect(answer(message("discover", {}, { mac: STRANGER }), world).probe).toBe("10.77.0.100");
});

test("an address in use rests, under the name of who uses it, and another is offered; the asker's own answer does not count", () => {
  const world = there();
  const discover = message("discover", {}, stays);
  const first = answer(discover, world);
  record(world.book, first.lease!, NOON);
  expect(inUse(first.probe!, STRANGER, STRANGER, NOON)).toBeUndefined();
  const conflict = inUse(first.probe!, stranger(9), STRANGER, NOON)!;
  expect(conflict).toEqual({
    lease: { address: "10.77.0.100", mac: stranger(9), state: "declined", endsAt: NOON + QUARANTINE },
    because: `10.77.0.100 is in use by ${stranger(9)}, which did not get it from us: find it, and move it away; it rests for 10 minutes`,
  });
  record(world.book, conflict.lease, NOON);
  const second = answer(discover, world);
  expect(second.probe).toBe("10.77.0.101");
  expect(answer(message("discover", {}, { mac: stranger(9) }), world).probe).toBe("10.77.0.101");
});

test("who asks again while its address is asked about waits for the same answer, and later is not asked about again", () => {
  const world = there();
  const discover = (later: number) => {
    const decision = answer(message("discover", {}, stays), { ...world, now: NOON + later });
    if (decision.lease) record(world.book, decision.lease, NOON + later);
    return decision;
  };
  expect(discover(0)).toMatchObject({ probe: "10.77.0.100", lease: { endsAt: NOON + HELD } });
  expect(discover(500)).toMatchObject({ probe: "10.77.0.100" });
  expect(discover(4000)).not.toHaveProperty("probe");
  expect(discover(4001)).not.toHaveProperty("probe");
});

/** Whoever asks from wherever under whatever name; few addresses, so that they meet. */
const small: FurtherSubnet = { ...storage, ranges: [range("10.78.0.10", "10.78.0.11")] };
const event = fc.record({
  type: fc.constantFrom("discover" as const, "request" as const, "decline" as const, "release" as const),
  mac: fc.constantFrom(CP1, ...[1, 2, 3].map(stranger)),
  clientId: fc.constantFrom(undefined, Uint8Array.of(255, 1), Uint8Array.of(255, 2)),
  address: fc.constantFrom(undefined, ...["10.77.0.11", "10.77.0.100", "10.77.0.101", "10.78.0.10", "10.78.0.11"].map(ipv4)),
  where: fc.constantFrom("option" as const, "field" as const),
  on: fc.constantFrom(SERVER, ipv4("10.78.0.1")),
  chosen: fc.constantFrom(undefined, SERVER, ipv4("10.78.0.1"), ipv4("192.0.2.2")),
  conflict: fc.boolean(),
  later: fc.oneof(fc.nat({ max: HELD }), fc.nat({ max: 2 * QUARANTINE }), fc.nat({ max: 7_200_000 })),
});

test.each(["mac", "client-id"] as const)("by %s, in several subnets and in any order of events, no address belongs to two", (leasesBy) => {
  const cluster = rack({ leasesBy, subnets: [small], ranges: [range("10.77.0.100", "10.77.0.101")] });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let { now, site, book, nextBoot } = world({ cluster });
      const promised = new Map<Ipv4, { readonly to: string; readonly until: number }>();
      for (const { type, mac, clientId, address, where, on, chosen, conflict, later } of events) {
        now += later;
        const named = address && where === "option" ? { requestedAddress: address } : {};
        const options = { ...named, ...(chosen && { serverId: chosen }), ...(clientId && { clientId }) };
        const field = address && where === "field" ? { clientAddress: address } : {};
        const decision = answer(message(type, options, { mac, ...field }), { site, book, now, nextBoot, heardOn: on });
        if (decision.lease) record(book, decision.lease, now);
        const who = (leasesBy === "client-id" && clientId?.join(".")) || mac;
        for (const [given, { to }] of promised)
          if (to === who && (type === "decline" || type === "release" || !site.servers.has(chosen ?? SERVER))) promised.delete(given);
        if (decision.do === "ignore" || decision.packet.options.messageType === "nak") continue;
        const given = decision.packet.yourAddress;
        expect(given === "10.77.0.11").toBe(mac === CP1 && given.startsWith("10.77."));
        if (given === "10.77.0.11") continue; // reserved for a MAC
        const earlier = promised.get(given);
        if (earlier && earlier.until > now) expect(earlier.to, `${given} was promised`).toBe(who);
        if (decision.probe && conflict) {
          const found = inUse(decision.probe, stranger(9), mac, now)!;
          record(book, found.lease, now);
          promised.delete(given);
          continue;
        }
        promised.set(given, { to: who, until: now + (decision.packet.options.messageType === "ack" ? 600_000 : HELD - 1000) });
      }
      const leases = viewsOf(site, book, () => now).leases();
      expect(new Set(leases.map(({ address }) => address)).size).toBe(leases.length);
      expect(book.byAddress.size).toBeLessThanOrEqual(5);
      for (const pool of book.pools) expect(pool.byHolder.size).toBeLessThanOrEqual(3);
      for (const pool of book.pools)
        for (const [holder, address] of pool.byHolder) {
          expect(holderOfLease(book, book.byAddress.get(address)!)).toBe(holder);
        }
    }),
    { numRuns: 400, endOnFailure: true },
  );
});
