/** Decides what one question deserves: an answer from what we know, a look elsewhere, or a refusal. RFC 1034 §4.3.2. */
import { type Ipv4, ipv4, overlap } from "../../cluster/address.ts";
import type { Records } from "./records.ts";

/** Numbers are the wire's: IANA "Domain Name System (DNS) Parameters". */
export const TYPES = {
  A: 1,
  NS: 2,
  SOA: 6,
  PTR: 12,
  AAAA: 28,
  OPT: 41,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
} as const;
export const CLASSES = { IN: 1, ANY: 255 } as const;
export const RCODES = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5, badVers: 16 } as const;
export type Rcode = (typeof RCODES)[keyof typeof RCODES];

export interface Asked {
  /** As it was asked, without the final dot; "" is the root. A byte no host name has is written \DDD. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly recursionDesired: boolean;
}

export type Rr = { readonly name: string; readonly ttl: number } & (
  | { readonly type: "A"; readonly address: Ipv4 }
  | { readonly type: "PTR" | "NS"; readonly target: string }
  | { readonly type: "SOA"; readonly primary: string; readonly admin: string; readonly minimum: number }
);

export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly Rr[];
  /** In a negative answer the zone's SOA, which says how long it holds (RFC 2308 §3). */
  readonly authorities: readonly Rr[];
}

export type Decision =
  /** `forbidden`: somebody asked for what they may not have. */
  | { readonly do: "reply"; readonly reply: Reply; readonly because: string; readonly forbidden?: true }
  | { readonly do: "forward"; readonly because: string };

/** All that an answer may depend on. */
export interface World {
  readonly records: Records;
  /** There is somebody to ask. */
  readonly upstream: boolean;
}

/** Seconds. Short: addresses move with leases, and a machine that is not there yet will be in a moment. */
const TTL = 60;
const NEGATIVE_TTL = 10;

const NOBODY_MAY: ReadonlyMap<number, string> = new Map([
  [TYPES.AXFR, "nobody may copy the zone"],
  [TYPES.IXFR, "nobody may copy the zone"],
  [TYPES.MAILA, "it is obsolete"],
  [TYPES.MAILB, "it is obsolete"],
  [TYPES.TKEY, "there are no keys here"],
  [TYPES.TSIG, "there are no keys here"],
]);

export function answer(asked: Asked, world: World): Decision {
  const forbidden = NOBODY_MAY.get(asked.type);
  if (forbidden) return { do: "reply", reply: bare(RCODES.refused), because: forbidden, forbidden: true };
  if (asked.type === TYPES.OPT) return { do: "reply", reply: bare(RCODES.formErr), because: "OPT is not something to ask for" };
  if (asked.class !== CLASSES.IN && asked.class !== CLASSES.ANY) return refuse("only the Internet's class is served");

  const { records } = world;
  const name = asked.name.toLowerCase();
  if (name === records.domain) return apex(asked, records.domain, records);
  if (name.endsWith(`.${records.domain}`)) return host(asked, name.slice(0, -records.domain.length - 1), records);
  return reverse(asked, name, records) ?? bareName(asked, name, records) ?? elsewhere(asked, world);
}

/** The top of a zone of ours: it has a SOA, one name server, and no host. */
function apex(asked: Asked, zone: string, records: Records): Decision {
  if (asked.type === TYPES.SOA || asked.type === TYPES.ANY)
    return found([{ ...soa(zone, records), name: asked.name }], `it is the zone ${zone}`);
  if (asked.type === TYPES.NS)
    return found([{ name: asked.name, ttl: TTL, type: "NS", target: fqdn(records.server, records) }], `it is the zone ${zone}`);
  return missing(RCODES.noError, zone, records, `${zone} is a zone, not a host`);
}

function host(asked: Asked, label: string, records: Records): Decision {
  const addresses = records.names.get(label);
  if (!addresses) return missing(RCODES.nxDomain, records.domain, records, `nobody here is called ${label}`);
  return addressesOf(asked, addresses, records);
}

/** RFC 8482 §4.1: ANY is answered with one kind of record. */
function addressesOf(asked: Asked, addresses: readonly Ipv4[], records: Records): Decision {
  if (asked.type !== TYPES.A && asked.type !== TYPES.ANY)
    return missing(RCODES.noError, records.domain, records, "hosts here have only A records");
  if (addresses.length === 0) return missing(RCODES.noError, records.domain, records, `${asked.name} has no address yet`);
  return found(
    addresses.map((address) => ({ name: asked.name, ttl: TTL, type: "A", address })),
    `${asked.name} has ${addresses.join(", ")}`,
  );
}

/** Names of our subnet's addresses; undefined when the name is none. RFC 1035 §3.5. */
function reverse(asked: Asked, name: string, records: Records): Decision | undefined {
  if (!name.endsWith(".in-addr.arpa")) return undefined;
  const octets = name.slice(0, -".in-addr.arpa".length).split(".").reverse();
  if (octets.length > 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)) return undefined;
  const first = ipv4([...octets, 0, 0, 0].slice(0, 4).join("."));
  // A zone ends at a dot: 10.0.16.0/20 is sixteen zones of 256 addresses, and of a /25 we answer for our half of one.
  const depth = Math.min(3, Math.max(1, Math.ceil(records.subnet.prefix / 8)));
  const ours = octets.length >= depth && overlap(records.subnet, { base: first, prefix: 8 * octets.length });
  if (!ours) return undefined;
  const zone = `${octets.slice(0, depth).reverse().join(".")}.in-addr.arpa`;
  if (octets.length === depth) return apex(asked, zone, records);
  if (octets.length < 4) return missing(RCODES.noError, zone, records, `${name} lies between a zone and its addresses`);

  const holder = records.addresses.get(first);
  if (!holder) return missing(RCODES.nxDomain, zone, records, `nobody holds ${first}`);
  if (asked.type !== TYPES.PTR && asked.type !== TYPES.ANY)
    return missing(RCODES.noError, zone, records, "addresses here have only PTR records");
  return found([{ name: asked.name, ttl: TTL, type: "PTR", target: fqdn(holder, records) }], `${holder} holds ${first}`);
}

/** `cp-1` without a domain, as users of the first Sextant write it. Nobody else knows such a host, so nobody else is asked for one. */
function bareName(asked: Asked, name: string, records: Records): Decision | undefined {
  if (name === "" || name.includes(".")) return undefined;
  const addresses = records.names.get(name);
  if (addresses) return addressesOf(asked, addresses, records);
  if (asked.type !== TYPES.A && asked.type !== TYPES.AAAA) return undefined;
  return { do: "reply", reply: { ...bare(RCODES.nxDomain), authoritative: true }, because: `nobody here is called ${name}` };
}

function elsewhere(asked: Asked, { upstream }: World): Decision {
  if (asked.type === TYPES.ANY) return refuse("ANY is answered for our own names only"); // RFC 8482: its answers are large and serve attackers
  if (!asked.recursionDesired) return refuse("it is not ours, and we were not asked to look further");
  if (!upstream) return refuse("it is not ours, and cluster-desc.yml names no upstream DNS server");
  return { do: "forward", because: "it is not ours" };
}

const bare = (rcode: Rcode): Reply => ({ rcode, authoritative: false, answers: [], authorities: [] });
const refuse = (because: string): Decision => ({ do: "reply", reply: bare(RCODES.refused), because });
const found = (answers: readonly Rr[], because: string): Decision => ({
  do: "reply",
  reply: { rcode: RCODES.noError, authoritative: true, answers, authorities: [] },
  because,
});
const missing = (rcode: Rcode, zone: string, records: Records, because: string): Decision => ({
  do: "reply",
  reply: { rcode, authoritative: true, answers: [], authorities: [soa(zone, records)] },
  because,
});

const fqdn = (label: string, { domain }: Records): string => `${label}.${domain}`;

function soa(zone: string, records: Records): Rr {
  return {
    name: zone,
    ttl: NEGATIVE_TTL,
    type: "SOA",
    primary: fqdn(records.server, records),
    admin: `hostmaster.${records.domain}`,
    minimum: NEGATIVE_TTL,
  };
}
