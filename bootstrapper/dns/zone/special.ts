/**
 * Names that mean the same everywhere, or nothing anywhere: answered here, so that no question about them leaves the house.
 * RFC 6761, RFC 6303, RFC 7686, RFC 7793, RFC 8375. A description's own zone or `dns.forward` for such a name comes first.
 */

import { ipv4 } from "../../../cluster/address.ts";
import { nameWire } from "../name.ts";
import { TYPES } from "../numbers.ts";
import { addressData, soaData } from "../record.ts";
import { type Node, Zone } from "./zone.ts";

const range = (first: number, last: number): readonly number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const zeros = (count: number): string => "0.".repeat(count);

const NAMES: readonly string[] = [
  "localhost",
  "invalid",
  "test",
  "onion",
  "home.arpa",
  // RFC 6303 §4: addresses whose names the world does not know
  ...["10", "168.192", "0", "127", "254.169", "2.0.192", "100.51.198", "113.0.203", "255.255.255.255"].map((net) => `${net}.in-addr.arpa`),
  ...range(16, 31).map((net) => `${net}.172.in-addr.arpa`),
  ...range(64, 127).map((net) => `${net}.100.in-addr.arpa`),
  `${zeros(32)}ip6.arpa`,
  `1.${zeros(31)}ip6.arpa`,
  ...["d.f", "8.e.f", "9.e.f", "a.e.f", "b.e.f", "8.b.d.0.1.0.0.2"].map((net) => `${net}.ip6.arpa`),
];

/** Seconds. */
const TTL = 10_800;

const holding = (...sets: readonly (readonly [type: number, data: Buffer])[]): Node => ({
  sets: new Map(sets.map(([type, data]) => [type, { ttl: TTL, data: [data] }])),
  hosts: [],
});
const LOOPBACK = holding([TYPES.A, addressData(ipv4("127.0.0.1"))], [TYPES.AAAA, Buffer.from(`${"00".repeat(15)}01`, "hex")]);
const LOCALHOST = holding([TYPES.PTR, nameWire("localhost")]);

export function specialZones(): readonly Zone[] {
  const zones = new Map(NAMES.map((apex) => [apex, specialZone(apex)]));
  const localhost = zones.get("localhost")!;
  localhost.set("fixed", "localhost", { hosts: [], sets: new Map([...localhost.node("localhost")!.sets, ...LOOPBACK.sets]) });
  localhost.set("fixed", "*.localhost", LOOPBACK); // RFC 6761 §6.3
  zones.get("127.in-addr.arpa")!.set("fixed", "1.0.0.127.in-addr.arpa", LOCALHOST);
  const six = zones.get(`1.${zeros(31)}ip6.arpa`)!;
  six.set("fixed", six.apex, { hosts: [], sets: new Map([...six.node(six.apex)!.sets, ...LOCALHOST.sets]) });
  return [...zones.values()];
}

/** RFC 6303 §3. */
function specialZone(apex: string): Zone {
  const zone = new Zone(apex, { special: true });
  const soa = soaData({ primary: apex, admin: "nobody.invalid", serial: 1, minimum: TTL });
  zone.set("fixed", apex, holding([TYPES.SOA, soa], [TYPES.NS, nameWire(apex)]));
  return zone;
}
