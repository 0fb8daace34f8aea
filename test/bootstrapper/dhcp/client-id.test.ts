/** Leases by client-id: what tells one client from another when the description says so (network.leasesBy). RFC 2131 §2.2, RFC 4361. */
import { expect, test } from "vitest";
import { answer } from "../../../bootstrapper/dhcp/answer.ts";
import { type Lease, openBook, record } from "../../../bootstrapper/dhcp/leases.ts";
import { siteOf } from "../../../bootstrapper/dhcp/site.ts";
import { ipv4, type Mac } from "../../../cluster/address.ts";
import { at, CP1, message, NOON, rack, SERVER, STRANGER, stranger, W2, world } from "../../support/dhcp.ts";

const ONE = Uint8Array.of(255, 0, 0, 0, 1, 0, 2, 7);
const TWO = Uint8Array.of(255, 0, 0, 0, 1, 0, 2, 8);
const ONE_IN_HEX = "ff00000001000207";
const ofMac = (mac: Mac): Uint8Array => Uint8Array.of(1, ...Buffer.from(mac.replaceAll(":", ""), "hex"));
const byId = rack({ leasesBy: "client-id" });
/** Asks for and takes an address; answers which. */
function boots(where: ReturnType<typeof world>, mac: Mac, clientId?: Uint8Array): string {
  const options = clientId ? { clientId } : {};
  const offer = answer(message("discover", options, { mac }), where);
  if (offer.do !== "reply") return offer.because;
  if (offer.lease) record(where.book, offer.lease, NOON);
  const { yourAddress } = offer.packet;
  const ack = answer(message("request", { ...options, serverId: SERVER, ...at(yourAddress) }, { mac }), where);
  if (ack.lease) record(where.book, ack.lease, NOON);
  return ack.do === "reply" && ack.packet.options.messageType === "ack" ? ack.packet.yourAddress : ack.because;
}

test("one client on two cards has one address, two clients on one card have two", () => {
  const here = world({ cluster: byId });
  expect(boots(here, STRANGER, ONE)).toBe("10.77.0.100");
  expect(boots(here, stranger(2), ONE)).toBe("10.77.0.100");
  expect(boots(here, STRANGER, TWO)).toBe("10.77.0.101");
});

test("a client-id that only repeats the MAC is the MAC: firmware without one and iPXE with it get the same address", () => {
  const here = world({ cluster: byId });
  expect(boots(here, STRANGER)).toBe("10.77.0.100");
  expect(boots(here, STRANGER, ofMac(STRANGER))).toBe("10.77.0.100");
});

test("by MAC, which is the rule, all of them get the same address", () => {
  const here = world();
  for (const clientId of [undefined, ONE, TWO, ofMac(STRANGER)]) expect(boots(here, STRANGER, clientId)).toBe("10.77.0.100");
});

test("a reservation is the MAC's, whatever client-id comes with it", () => {
  const here = world({ cluster: byId });
  for (const clientId of [undefined, ONE, TWO]) expect(boots(here, CP1, clientId)).toBe("10.77.0.11");
});

test("a stranger with the client-id of a machine that has a reservation does not get it", () => {
  const here = world({ cluster: byId });
  expect(boots(here, CP1, ONE)).toBe("10.77.0.11");
  expect(boots(here, STRANGER, ONE)).toBe("10.77.0.100");
  expect(boots(here, CP1, ONE)).toBe("10.77.0.11");
});

test("a lease remembers the client-id and what the relay said, also when a renewal comes without the relay", () => {
  const here = world({ cluster: byId });
  const relayAgent = Uint8Array.of(1, 2, 0xab, 0xcd);
  const taken = answer(
    message(
      "request",
      { clientId: ONE, relayAgent, serverId: SERVER, ...at("10.77.0.100") },
      { mac: W2, relayAddress: ipv4("10.77.0.254") },
    ),
    here,
  );
  const lease: Lease = {
    address: ipv4("10.77.0.100"),
    mac: W2,
    state: "bound",
    endsAt: NOON + 3_600_000,
    clientId: ONE_IN_HEX,
    relay: "0102abcd",
  };
  expect(taken.lease).toEqual(lease);
  record(here.book, taken.lease!, NOON);
  expect(answer(message("request", { clientId: ONE }, { mac: W2, clientAddress: ipv4("10.77.0.100") }), here).lease).toEqual(lease);
});

test("a restart knows who is who", () => {
  const plan = siteOf(byId, SERVER).addresses;
  const stored: Lease = { address: ipv4("10.77.0.103"), mac: STRANGER, state: "bound", endsAt: NOON + 1000, clientId: ONE_IN_HEX };
  const here = world({ cluster: byId, book: openBook(plan, [stored]).book });
  expect(boots(here, stranger(7), ONE)).toBe("10.77.0.103");
  expect(boots(here, STRANGER, TWO)).toBe("10.77.0.100");
});

test("leases that an earlier release wrote, without client-ids, are known by their MACs", () => {
  const old = JSON.parse(
    `{"address":"10.77.0.105","mac":"${STRANGER}","state":"bound","endsAt":${NOON + 1000},"hostname":"printer"}`,
  ) as Lease;
  for (const cluster of [byId, rack()]) {
    const here = world({ cluster, book: openBook(siteOf(cluster, SERVER).addresses, [old]).book });
    expect(boots(here, STRANGER)).toBe("10.77.0.105");
  }
});

test("who gives back or declines is known by its client-id too", () => {
  const here = world({ cluster: byId });
  boots(here, STRANGER, ONE);
  const from = { mac: STRANGER, clientAddress: ipv4("10.77.0.100") };
  expect(answer(message("release", { clientId: TWO }, from), here).because).toBe("it releases 10.77.0.100, which it does not have");
  expect(answer(message("release", { clientId: ONE }, from), here).lease).toMatchObject({ state: "released", clientId: ONE_IN_HEX });
  expect(answer(message("decline", { clientId: TWO, ...at("10.77.0.100") }, { mac: STRANGER }), here)).not.toHaveProperty("lease");
});
