/** Decides what one question deserves: an answer from what we know, a look elsewhere, a copy of a zone, or a refusal. RFC 1034 §4.3.2. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Leases } from "./leases.ts";
import { CLASSES, RCODES, TYPES } from "./numbers.ts";
import { target } from "./rdata.ts";
import type { Rr } from "./record.ts";
import { NOTHING, type Reply } from "./reply.ts";
import { type Found, find, isKnown, recordsOf, soaOf } from "./zone/lookup.ts";
import type { Zone } from "./zone/zone.ts";
import { placeOf, type Zones } from "./zone/zones.ts";

export interface Asked {
  /** As name.ts spells it. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly recursionDesired: boolean;
}

export type Decision =
  | {
      readonly do: "reply";
      readonly reply: Reply;
      readonly because: string;
      /** It holds until the description or a record changes; otherwise it hangs on leases, which come and go. */
      readonly steady?: true;
      /** Somebody asked for what they may not have. */
      readonly forbidden?: true;
    }
  | { readonly do: "forward" /** Undefined: the upstream servers. */; readonly servers?: readonly Ipv4[]; readonly because: string }
  /** Our answer ends at a name that others know. */
  | { readonly do: "follow"; readonly reply: Reply; readonly name: string; readonly servers?: readonly Ipv4[]; readonly because: string }
  | { readonly do: "transfer"; readonly zone: Zone; readonly because: string };

/** All that an answer may depend on. */
export interface World {
  readonly zones: Zones;
  readonly leases: Leases;
  readonly serial: number;
  readonly serving?: ReadonlySet<Mac>;
  /** There are upstream servers. */
  readonly upstream: boolean;
  /** The client is one of ours: a neighbour in our subnets, or this host. */
  readonly ours: boolean;
  /** The message proves that its writer may copy zones. */
  readonly mayTransfer: boolean;
}

/** CNAMEs that are followed from one to the next. */
const STEPS = 8;

export function answer(asked: Asked, world: World): Decision {
  const { name, type } = asked;
  if (type === TYPES.OPT) return { do: "reply", reply: bare(RCODES.formErr), because: "OPT is not something to ask for" };
  if (asked.class !== CLASSES.IN && asked.class !== CLASSES.ANY) return refuse("only the Internet's class is served");
  if (type === TYPES.AXFR || type === TYPES.IXFR) return transfer(asked, world);
  if (type === TYPES.MAILA || type === TYPES.MAILB) return refuse("it is obsolete");
  if (type === TYPES.TKEY || type === TYPES.TSIG) return forbid("there are no keys to be had here");

  const place = placeOf(name, world.zones);
  if (place.in === "zone") return inside(asked, place.zone, world);
  if (place.in === "forward") return outside(asked, world, place.servers);
  return bareName(asked, world) ?? outside(asked, world);
}

/** Walks from the name along its CNAMEs as far as our zones go. */
function inside(asked: Asked, first: Zone, world: World): Decision {
  const answers: Rr[] = [];
  let [zone, name, steady] = [first, asked.name, true];
  for (let step = 0; ; step++) {
    const found = find(zone, name, asked.type, world);
    steady &&= found.steady;
    const next = found.is === "alias" && step < STEPS ? target(TYPES.CNAME, found.record.data) : undefined;
    if (found.is !== "alias" || next === undefined) return said(asked, zone, found, { answers, steady }, world);
    answers.push(found.record);
    const place = placeOf(next, world.zones);
    if (place.in !== "zone") return beyond(asked, next, { ...NOTHING, authoritative: true, answers }, steady, world);
    [zone, name] = [place.zone, next];
  }
}

/** The name stands for one that is not ours: we go on there for whom we may, and the rest is the client's own business. */
function beyond(asked: Asked, next: string, reply: Reply, steady: boolean, world: World): Decision {
  const way = outside(asked, world, forwardFor(next, world));
  const because = `${asked.name} is another name for ${next}, which is not ours`;
  if (way.do !== "forward") return replied(reply, because, steady);
  return { do: "follow", reply, name: next, because, ...(way.servers && { servers: way.servers }) };
}

function forwardFor(name: string, { zones }: World): readonly Ipv4[] | undefined {
  const place = placeOf(name, zones);
  return place.in === "forward" ? place.servers : undefined;
}

interface Way {
  readonly answers: readonly Rr[];
  readonly steady: boolean;
}

function said(asked: Asked, zone: Zone, found: Found, { answers, steady }: Way, world: World): Decision {
  const own: Reply = { ...NOTHING, authoritative: true, answers };
  switch (found.is) {
    case "records":
      return replied(
        { ...own, answers: [...answers, ...found.records], additionals: addressesFor(found.records, world) },
        found.because,
        steady,
      );
    case "alias":
      return replied(own, `the names from ${asked.name} on go round in a circle`, steady);
    case "delegated":
      return replied(
        { ...own, authoritative: answers.length > 0, authorities: found.servers, additionals: addressesFor(found.servers, world) },
        found.because,
        steady,
      );
    case "nothing": {
      const rcode = found.exists ? RCODES.noError : RCODES.nxDomain;
      return replied({ ...own, rcode, authorities: [soaOf(zone, world, "negative")] }, found.because, steady);
    }
  }
}

/** What the client would ask next about the servers in an answer (RFC 1034 §4.3.2, step 6; RFC 2782). */
function addressesFor(records: readonly Rr[], world: World): readonly Rr[] {
  const targets = new Set(
    records.filter(({ type }) => type === TYPES.NS || type === TYPES.SRV || type === TYPES.MX).map(({ type, data }) => target(type, data)),
  );
  return [...targets].flatMap((name) => {
    const place = placeOf(name, world.zones);
    return place.in === "zone" ? recordsOf(place.zone, name, [TYPES.A, TYPES.AAAA], world) : [];
  });
}

/** `cp-1` without a domain, as users of the first Sextant write it. Nobody else knows such a host, so nobody else is asked for one. */
function bareName(asked: Asked, world: World): Decision | undefined {
  const { name, type } = asked;
  if (name === "" || name.includes(".")) return undefined;
  const { main } = world.zones;
  const whole = `${name}.${main.apex}`;
  if (isKnown(main, whole, world)) return renamed(inside({ ...asked, name: whole }, main, world), whole, name);
  if (type !== TYPES.A && type !== TYPES.AAAA) return undefined;
  return replied({ ...NOTHING, authoritative: true, rcode: RCODES.nxDomain }, `nobody here is called ${name}`, false);
}

function renamed(decision: Decision, from: string, to: string): Decision {
  if (decision.do !== "reply") return decision;
  const answers = decision.reply.answers.map((record) => (record.name === from ? { ...record, name: to } : record));
  return { ...decision, reply: { ...decision.reply, answers } };
}

/** A copy of all we know goes to those alone who have a key for it. RFC 5936, RFC 1995. */
function transfer({ name }: Asked, { zones, mayTransfer }: World): Decision {
  const zone = zones.own.get(name);
  if (!mayTransfer) return forbid("nobody may copy a zone without a key for it");
  if (!zone) return { do: "reply", reply: bare(RCODES.notAuth), because: `${name} is no zone of ours` };
  return { do: "transfer", zone, because: "it is asked for with a key that may" };
}

function outside(asked: Asked, { upstream, ours }: World, servers?: readonly Ipv4[]): Decision {
  if (!ours) return refuse("it is not ours, and we ask others only for machines in our subnets");
  if (asked.type === TYPES.ANY) return refuse("ANY is answered for our own names only"); // RFC 8482: its answers are large and serve attackers
  if (!asked.recursionDesired) return refuse("it is not ours, and we were not asked to look further");
  if (servers) return { do: "forward", servers, because: "the description names servers for it" };
  if (!upstream) return refuse("it is not ours, and cluster-desc.yml names no upstream DNS server");
  return { do: "forward", because: "it is not ours" };
}

const bare = (rcode: number): Reply => ({ ...NOTHING, rcode });
const refuse = (because: string): Decision => ({ do: "reply", reply: bare(RCODES.refused), because });
const forbid = (because: string): Decision => ({ do: "reply", reply: bare(RCODES.refused), because, forbidden: true });
const replied = (reply: Reply, because: string, steady: boolean): Decision => ({ do: "reply", reply, because, ...(steady && { steady }) });
