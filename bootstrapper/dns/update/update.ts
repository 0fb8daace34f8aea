/** Decides an UPDATE: whether what it requires is so, whether it may be done, and what each name it touches holds then. RFC 2136 §3. */
import { isWithin } from "../name.ts";
import { CLASSES, isMeta, RCODES, TYPES, typeName } from "../numbers.ts";
import { canonical, shown } from "../rdata.ts";
import type { RrSet } from "../record.ts";
import { isKnown, type Source } from "../zone/lookup.ts";
import type { Zone } from "../zone/zone.ts";
import { unmet } from "./prerequisites.ts";
import type { Entry, Update } from "./read.ts";

/** What updates have written at a name; without a type, nothing. */
export type Sets = ReadonlyMap<number, RrSet>;

export type Outcome =
  | {
      readonly rcode: typeof RCODES.noError /** What changed, by name. */;
      readonly changes: ReadonlyMap<string, Sets>;
      readonly because: string;
    }
  | { readonly rcode: number; readonly because: string };

export interface UpdateWorld extends Source {
  readonly zone: Zone;
  /** Records that may be written in all, and how many are. */
  readonly limit: number;
  readonly held: number;
}

const refused = (rcode: number, because: string): Outcome => ({ rcode, because });

export function decideUpdate({ prerequisites, updates }: Update, world: UpdateWorld): Outcome {
  const missing = unmet(prerequisites, world);
  if (missing) return missing;
  for (const entry of updates) {
    const wrong = impossible(entry, world.zone);
    if (wrong) return wrong;
  }
  const before = new Map<string, Sets>();
  const after = new Map<string, Sets>();
  for (const entry of updates) {
    const owner = ownerOf(entry, world);
    if (owner) return refused(RCODES.refused, `${entry.name} ${typeName(entry.type)} may not be changed: ${owner}`);
    const { name } = entry;
    const now = after.get(name) ?? world.zone.written.get(name)?.sets ?? new Map();
    if (!before.has(name)) before.set(name, now);
    after.set(name, changed(entry, now, world.zone));
  }
  const changes = new Map([...after].filter(([name, sets]) => !same(sets, before.get(name)!)));
  const held = world.held + total(changes.values()) - total([...changes.keys()].map((name) => before.get(name)!));
  if (held > world.limit && held > world.held)
    return refused(RCODES.refused, `${world.limit} records are written already, and no more are kept`);
  return { rcode: RCODES.noError, changes, because: updates.map(described).join(", ") || "nothing was to be changed" };
}

/** RFC 2136 §3.4.1. */
function impossible({ name, type, class: class_, ttl, data }: Entry, zone: Zone): Outcome | undefined {
  if (!isWithin(name, zone.apex) || !zone.covers(name)) return refused(RCODES.notZone, `${name} is not in the zone ${zone.apex}`);
  const any = type === TYPES.ANY;
  const wrong =
    class_ === CLASSES.IN
      ? isMeta(type)
      : class_ === CLASSES.ANY
        ? ttl !== 0 || data.length > 0 || (isMeta(type) && !any)
        : class_ === CLASSES.NONE
          ? ttl !== 0 || isMeta(type)
          : true;
  return wrong ? refused(RCODES.formErr, `an update of ${name} ${typeName(type)} in class ${class_} is none`) : undefined;
}

/** Why the name belongs to somebody else than those who update; undefined when it does not. */
function ownerOf({ name, type }: Entry, world: UpdateWorld): string | undefined {
  const { zone } = world;
  if (name === zone.apex) {
    // RFC 2136 §3.4.2.3: whoever deletes everything at the apex leaves its SOA and NS.
    return type === TYPES.SOA || type === TYPES.NS ? "the zone's own records are the bootstrapper's" : undefined;
  }
  if (zone.fixed.has(name)) return "the name belongs to the cluster's description";
  if (!zone.written.has(name) && !zone.exists(name) && isKnown(zone, name, world)) return "a DHCP lease holds the name";
  return undefined;
}

/** RFC 2136 §3.4.2: what a name holds once one entry is done. */
function changed({ name, type, class: class_, ttl, data }: Entry, now: Sets, zone: Zone): Sets {
  const next = new Map(now);
  if (class_ === CLASSES.ANY) {
    if (type === TYPES.ANY) return new Map();
    next.delete(type);
    return next;
  }
  const known = now.get(type)?.data ?? [];
  const others = known.filter((one) => canonical(type, one) !== canonical(type, data));
  if (class_ === CLASSES.NONE) {
    if (others.length > 0) next.set(type, { ttl: now.get(type)!.ttl, data: others });
    else next.delete(type);
    return next;
  }
  if (type === TYPES.SOA) return now; // §3.4.2.2: where there is no SOA, none is added
  // §3.4.2.2: a CNAME and other records do not meet; what comes second is passed over in silence.
  const kinds = name === zone.apex ? [TYPES.SOA, ...now.keys()] : [...now.keys()];
  const clashes = type === TYPES.CNAME ? kinds.some((kind) => kind !== TYPES.CNAME) : kinds.includes(TYPES.CNAME);
  if (clashes) return now;
  return next.set(type, { ttl, data: type === TYPES.CNAME ? [data] : [...others, data] });
}

function same(one: Sets, other: Sets): boolean {
  const spelled = (sets: Sets): string =>
    JSON.stringify(
      [...sets].map(([type, { ttl, data }]) => [type, ttl, data.map((each) => Buffer.from(each).toString("latin1")).sort()]).sort(),
    );
  return spelled(one) === spelled(other);
}

export const total = (all: Iterable<Sets>): number =>
  [...all].reduce((sum, sets) => sum + [...sets.values()].reduce((own, { data }) => own + data.length, 0), 0);

function described({ name, type, class: class_, data }: Entry): string {
  const what = data.length > 0 ? ` ${shown(type, data)}` : "";
  return `${class_ === CLASSES.IN ? "+" : "-"} ${name} ${typeName(type)}${what}`;
}
