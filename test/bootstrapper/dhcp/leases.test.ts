/** The lease book: who gets which address, and what no order of events may ever break. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { answer, HELD, QUARANTINE } from "../../../bootstrapper/dhcp/answer.ts";
import { type Asker, choose } from "../../../bootstrapper/dhcp/choose.ts";
import { type AddressPlan, type Book, type Lease, leaseOf, openBook, record } from "../../../bootstrapper/dhcp/leases.ts";
import { siteOf } from "../../../bootstrapper/dhcp/site.ts";
import { viewsOf } from "../../../bootstrapper/dhcp/views.ts";
import { fromNumber, type Ipv4, ipv4, type Mac, subnet, toNumber } from "../../../cluster/address.ts";
import { CP1, message, NOON, rack, SERVER, STRANGER, stranger, W1, W2, world } from "../../support/dhcp.ts";

const plan = siteOf(rack(), SERVER).addresses;
const HOUR = 3_600_000;
const bound = (mac: Mac, address: string, endsAt = NOON + HOUR): Lease => ({ mac, address: ipv4(address), state: "bound", endsAt });
const bookOf = (...leases: readonly Lease[]) => {
  const { book } = openBook(plan, []);
  for (const lease of leases) record(book, lease, NOON);
  return book;
};
const asker = (book: Book, mac: Mac, pool = 0): Asker => ({ mac, holder: mac, pool: book.pools[pool]! });
const withRanges = (...ranges: readonly (readonly [string, string])[]): AddressPlan => ({
  ...plan,
  pools: [{ subnet: subnet("10.77.0.0/24"), ranges: ranges.map(([first, last]) => ({ first: ipv4(first), last: ipv4(last) })) }],
});
const full = Array.from({ length: 10 }, (_, index) => bound(stranger(index), `10.77.0.${100 + index}`, NOON + HOUR + index * 1000));

test.each([
  { who: "a machine with a reservation", mac: CP1, wants: "10.77.0.105", book: bookOf(), gets: "10.77.0.11", because: "reserved" },
  { who: "a newcomer", mac: STRANGER, book: bookOf(), gets: "10.77.0.100", because: "nobody ever had it" },
  { who: "the next newcomer", mac: STRANGER, book: bookOf(bound(W2, "10.77.0.100")), gets: "10.77.0.101", because: "nobody ever had it" },
  {
    who: "one who asks for a free address",
    mac: STRANGER,
    wants: "10.77.0.105",
    book: bookOf(),
    gets: "10.77.0.105",
    because: "asked for it",
  },
  {
    who: "one who asks for a taken address",
    mac: STRANGER,
    wants: "10.77.0.100",
    book: bookOf(bound(W2, "10.77.0.100")),
    gets: "10.77.0.101",
    because: "nobody ever",
  },
  {
    who: "one who asks for a reserved address",
    mac: STRANGER,
    wants: "10.77.0.11",
    book: bookOf(),
    gets: "10.77.0.100",
    because: "nobody ever",
  },
  {
    who: "one who asks for another network's address",
    mac: STRANGER,
    wants: "192.168.1.5",
    book: bookOf(),
    gets: "10.77.0.100",
    because: "nobody ever",
  },
  {
    who: "one who has a lease and asks for another address",
    mac: W2,
    wants: "10.77.0.105",
    book: bookOf(bound(W2, "10.77.0.103")),
    gets: "10.77.0.103",
    because: "it has it",
  },
  { who: "one whose lease ended", mac: W2, book: bookOf(bound(W2, "10.77.0.103", NOON)), gets: "10.77.0.103", because: "had it before" },
  {
    who: "a newcomer, when all were given and one came free",
    mac: STRANGER,
    book: bookOf(...full.slice(0, 9), bound(W2, "10.77.0.109", NOON)),
    gets: "10.77.0.109",
    because: "unused the longest",
  },
  {
    who: "a newcomer, when all were given and several came free",
    mac: STRANGER,
    book: bookOf(...full.map((lease, index) => ({ ...lease, endsAt: NOON - ((index * 7) % 10) }))),
    gets: "10.77.0.107",
    because: "unused the longest",
  },
])("$who is offered $gets", ({ mac, wants, book, gets, because }) => {
  expect(choose(book, asker(book, mac), wants === undefined ? undefined : ipv4(wants), NOON)).toMatchObject({
    address: gets,
    because: expect.stringContaining(because),
  });
});

test("when nothing is free, it says so, with how long, and what to do", () => {
  const book = bookOf(...full);
  expect(choose(book, asker(book, STRANGER), undefined, NOON)).toEqual({
    because: "all 10 addresses of the range 10.77.0.100-10.77.0.109 are taken and the next one comes free in 3600 s; widen the range",
    exhausted: true,
  });
});

test("without a range only reservations are given, in words that say what is missing", () => {
  const { book } = openBook(withRanges(), []);
  expect(choose(book, asker(book, CP1), undefined, NOON).address).toBe("10.77.0.11");
  expect(choose(book, asker(book, STRANGER), ipv4("10.77.0.100"), NOON)).toEqual({
    because: "no address is reserved for it, and the description has no range for others in 10.77.0.0/24",
    exhausted: false,
  });
});

test("the server, the routers, reservations and the network's own two addresses are never given from the range", () => {
  const { book } = openBook(withRanges(["10.77.0.0", "10.77.0.255"]), []);
  const given = new Set<Ipv4>();
  for (let index = 0; ; index += 1) {
    const { address } = choose(book, asker(book, stranger(index)), undefined, NOON);
    if (!address) break;
    given.add(address);
    record(book, bound(stranger(index), address), NOON);
  }
  expect(given.size).toBe(256 - 6);
  for (const never of ["10.77.0.0", "10.77.0.1", "10.77.0.11", "10.77.0.12", "10.77.0.254", "10.77.0.255"])
    expect(given).not.toContain(never);
});

test("leases of the last run that contradict the description are dropped, with the reason", () => {
  const stored = [
    bound(STRANGER, "10.77.0.11"),
    bound(CP1, "10.77.0.103"),
    bound(W2, "10.77.0.50"),
    bound(stranger(1), "10.77.0.104"),
    bound(CP1, "10.77.0.11"),
  ];
  const { book, dropped } = openBook(plan, stored);
  expect(dropped.map(({ because }) => because)).toEqual([
    `10.77.0.11 is now reserved for ${CP1}`,
    `${CP1} now has 10.77.0.11 reserved`,
    "10.77.0.50 is in no range of 10.77.0.0/24 any more",
  ]);
  expect([...book.byAddress.keys()].sort()).toEqual(["10.77.0.104", "10.77.0.11"]);
});

test("a machine has one address: taking another leaves the first one free", () => {
  const book = bookOf(bound(W2, "10.77.0.103", NOON - 1));
  record(book, bound(W2, "10.77.0.105"), NOON);
  expect(leaseOf(book, book.pools[0]!, W2)?.address).toBe("10.77.0.105");
  expect(book.byAddress.has(ipv4("10.77.0.103"))).toBe(false);
  expect(choose(book, asker(book, STRANGER), ipv4("10.77.0.103"), NOON).address).toBe("10.77.0.103");
});

test("the views tell who holds what: reservations always, leases while they run", () => {
  const site = siteOf(rack(), SERVER);
  const book = bookOf(bound(W2, "10.77.0.103"), bound(CP1, "10.77.0.11"), bound(stranger(1), "10.77.0.104", NOON), {
    ...bound(stranger(2), "10.77.0.105"),
    hostname: "printer",
  });
  const views = viewsOf(site, book, () => NOON);
  expect(views.leases()).toEqual([
    { mac: W2, address: "10.77.0.103", hostname: "w-2", expiresAt: NOON + HOUR },
    { mac: CP1, address: "10.77.0.11", hostname: "cp-1", expiresAt: NOON + HOUR },
    { mac: stranger(2), address: "10.77.0.105", hostname: "printer", expiresAt: NOON + HOUR },
  ]);
  expect(["10.77.0.11", "10.77.0.12", "10.77.0.103", "10.77.0.104", "10.77.0.99"].map((address) => views.holder(ipv4(address)))).toEqual([
    CP1,
    W1,
    W2,
    undefined,
    undefined,
  ]);
  expect([CP1, W1, W2, stranger(1), STRANGER].map(views.addressOf)).toEqual([
    "10.77.0.11",
    "10.77.0.12",
    "10.77.0.103",
    undefined,
    undefined,
  ]);
  expect(["cp-1", "w-2", "printer", "nobody"].map(views.addressNamed)).toEqual(["10.77.0.11", "10.77.0.103", "10.77.0.105", undefined]);
});

/** Any client may send anything at any time; four strangers and two listed machines share three addresses. */
const ADDRESSES = ["10.77.0.11", "10.77.0.100", "10.77.0.101", "10.77.0.102", "10.77.0.200"].map(ipv4);
const MACS = [CP1, W2, ...[1, 2, 3, 4].map(stranger)];
const event = fc.record({
  type: fc.constantFrom("discover" as const, "request" as const, "decline" as const, "release" as const),
  mac: fc.constantFrom(...MACS),
  address: fc.option(fc.constantFrom(...ADDRESSES), { nil: undefined }),
  where: fc.constantFrom("option" as const, "field" as const),
  chosen: fc.constantFrom(undefined, SERVER, ipv4("10.77.0.2")),
  name: fc.constantFrom("printer", "cp-1", undefined),
  later: fc.oneof(fc.nat({ max: HELD }), fc.nat({ max: 2 * QUARANTINE }), fc.nat({ max: 2 * HOUR })),
});

test("in any order of events, no address belongs to two, and no offer is given away while it is held", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), (events) => {
      const cluster = rack({ ranges: [{ first: ADDRESSES[1]!, last: ADDRESSES[3]! }] });
      let { now, site, book, nextBoot } = world({ cluster });
      const promised = new Map<Ipv4, { readonly mac: Mac; readonly until: number }>();
      for (const { type, mac, address, where, chosen, name, later } of events) {
        now += later;
        const packet = message(
          type,
          {
            ...(chosen && { serverId: chosen }),
            ...(address && where === "option" && { requestedAddress: address }),
            ...(name && { hostname: name }),
          },
          { mac, ...(address && where === "field" && { clientAddress: address }) },
        );
        const decision = answer(packet, { site, book, now, nextBoot });
        expect(decision.because).not.toBe("");
        if (decision.lease) record(book, decision.lease, now);
        if (type === "decline" || type === "release" || chosen === "10.77.0.2")
          for (const [given, { mac: owner }] of promised) if (owner === mac) promised.delete(given);
        if (decision.do === "ignore") continue;

        const { yourAddress, options } = decision.packet;
        if (options.messageType === "nak") continue;
        const earlier = promised.get(yourAddress);
        if (earlier && earlier.until > now) expect(earlier.mac, `${yourAddress} was promised`).toBe(mac);
        promised.set(yourAddress, { mac, until: now + (options.messageType === "ack" ? HOUR : HELD) });
        expect(yourAddress).not.toBe("10.77.0.200");
        expect(yourAddress === "10.77.0.11").toBe(mac === CP1);
      }
      const leases = viewsOf(site, book, () => now).leases();
      expect(new Set(leases.map((lease) => lease.address)).size).toBe(leases.length);
      expect(new Set(leases.map((lease) => lease.mac)).size).toBe(leases.length);
      expect(leases.filter(({ hostname }) => hostname === "printer").length).toBeLessThanOrEqual(1);
      expect(leases.filter(({ hostname, mac }) => hostname === "cp-1" && mac !== CP1)).toEqual([]);
      expect(book.byAddress.size).toBeLessThanOrEqual(4);
      expect(book.byMac.size).toBeLessThanOrEqual(4);
    }),
    { numRuns: 500 },
  );
});

test("a full /16 is given out and handed on without looking through it for each packet", () => {
  const wide = { ...plan, pools: [{ subnet: subnet("10.0.0.0/8"), ranges: [{ first: ipv4("10.0.0.0"), last: ipv4("10.0.255.255") }] }] };
  const { book } = openBook(wide, []);
  let looked = 0;
  const counted: typeof book = { ...book, byAddress: counting(book.byAddress, () => (looked += 1)) };
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 65_535; index += 1) {
      const now = NOON + round * 2 * HOUR;
      const mac = stranger(round * 65_536 + index);
      const { address } = choose(counted, asker(counted, mac), undefined, now);
      record(counted, { mac, address: address!, state: "bound", endsAt: now + HOUR + index }, now);
    }
  }
  expect(counted.byMac.size).toBe(65_535);
  expect(looked / (2 * 65_535)).toBeLessThan(10);
});

function counting<K, V>(map: Map<K, V>, look: () => void): Map<K, V> {
  return new Proxy(map, {
    get: (target, name) => {
      look();
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("a storm of DECLINEs never keeps more than a quarter of the range from the others", () => {
  const { site, book, nextBoot } = world();
  for (let index = 0; index < 1000; index += 1) {
    const mac = stranger(index);
    const now = NOON + index;
    const offer = answer(message("discover", {}, { mac }), { site, book, now, nextBoot });
    if (offer.lease) record(book, offer.lease, now);
    if (offer.do === "ignore") continue;
    const decline = answer(message("decline", { serverId: SERVER, requestedAddress: offer.packet.yourAddress }, { mac }), {
      site,
      book,
      now,
      nextBoot,
    });
    expect(decline.lease).toMatchObject({ state: "declined" });
    record(book, decline.lease!, now);
  }
  expect(book.pools[0]!.declined.size).toBe(2);
  const free = Array.from({ length: 10 }, (_, index) => fromNumber(toNumber(ipv4("10.77.0.100")) + index)).filter((address) => {
    const lease = book.byAddress.get(address);
    return !lease || (lease.endsAt ?? Infinity) <= NOON + 1000;
  });
  expect(free).toHaveLength(8);
});

test("a million MACs for a hundred addresses: who has one keeps it, the others are told why not, and the book stays as small as the range", () => {
  const hundred = rack({ ranges: [{ first: ipv4("10.77.0.100"), last: ipv4("10.77.0.199") }] });
  const { site, book, nextBoot } = world({ cluster: hundred });
  record(book, bound(W2, "10.77.0.150"), NOON);
  const discover = message("discover", {});
  let offered = 0;
  for (let index = 0; index < 1_000_000; index += 1) {
    const now = NOON + Math.floor(index / 100);
    const mac =
      `02:00:00:${(index >> 16).toString(16).padStart(2, "0")}:${((index >> 8) & 255).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}` as Mac;
    const decision = answer({ ...discover, mac }, { site, book, now, nextBoot });
    if (decision.lease) record(book, decision.lease, now);
    if (decision.do === "reply") offered += 1;
  }
  expect(offered).toBe(99);
  for (const map of [book.byAddress, book.pools[0]!.byHolder, book.pools[0]!.ending]) expect(map.size).toBe(100);
  const later = { site, book, now: NOON + 10_000, nextBoot };
  expect(answer(message("discover", {}, { mac: W2 }), later)).toMatchObject({ packet: { yourAddress: "10.77.0.150" } });
  expect(answer(message("discover"), later)).toMatchObject({ packet: { yourAddress: "10.77.0.11" } });
  // Offers nobody took come free again, in the order that they were made.
  expect(answer(message("discover", {}, { mac: STRANGER }), { ...later, now: NOON + HELD })).toMatchObject({
    packet: { yourAddress: "10.77.0.100" },
  });
}, 60_000);
