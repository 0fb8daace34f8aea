/** What an UPDATE requires to be so before anything is changed. RFC 2136 §3.2. */
import { isWithin } from "../name.ts";
import { CLASSES, isMeta, RCODES, TYPES, typeName } from "../numbers.ts";
import { canonical } from "../rdata.ts";
import type { Rr } from "../record.ts";
import { everything, recordsOf, type Source } from "../zone/lookup.ts";
import type { Zone } from "../zone/zone.ts";
import type { Entry } from "./read.ts";

type Unmet = { readonly rcode: number; readonly because: string };

/** The first that is not met; undefined when all are. */
export function unmet(prerequisites: readonly Entry[], world: Source & { readonly zone: Zone }): Unmet | undefined {
  for (const entry of prerequisites) {
    const wrong = one(entry, world);
    if (wrong) return wrong;
  }
  return values(
    prerequisites.filter((entry) => entry.class === CLASSES.IN),
    world,
  );
}

function one({ name, type, class: class_, ttl, data }: Entry, world: Source & { readonly zone: Zone }): Unmet | undefined {
  const { zone } = world;
  const not = (rcode: number, because: string): Unmet => ({ rcode, because });
  const malformed = not(RCODES.formErr, `a prerequisite for ${name} ${typeName(type)} in class ${class_} is none`);
  if (ttl !== 0) return malformed;
  if (!isWithin(name, zone.apex) || !zone.covers(name)) return not(RCODES.notZone, `${name} is not in the zone ${zone.apex}`);
  if (class_ === CLASSES.IN) return isMeta(type) ? malformed : undefined;
  if (data.length > 0 || (isMeta(type) && type !== TYPES.ANY)) return malformed;
  const held = type === TYPES.ANY ? everything(zone, name, world) : recordsOf(zone, name, [type], world);
  const inUse = held.length > 0;
  if (class_ === CLASSES.ANY) {
    if (inUse) return undefined;
    return type === TYPES.ANY ? not(RCODES.nxDomain, `${name} is not in use`) : not(RCODES.nxRrset, `${name} has no ${typeName(type)}`);
  }
  if (class_ !== CLASSES.NONE) return malformed;
  if (!inUse) return undefined;
  return type === TYPES.ANY ? not(RCODES.yxDomain, `${name} is in use`) : not(RCODES.yxRrset, `${name} has a ${typeName(type)}`);
}

/** RFC 2136 §2.4.2: the records of a name and type must be these and no others. */
function values(entries: readonly Entry[], world: Source & { readonly zone: Zone }): Unmet | undefined {
  const spelled = (records: readonly (Entry | Rr)[]): string =>
    JSON.stringify([...new Set(records.map(({ type, data }) => canonical(type, data)))].sort());
  for (const { name, type } of entries) {
    const wanted = entries.filter((entry) => entry.name === name && entry.type === type);
    if (spelled(wanted) !== spelled(recordsOf(world.zone, name, [type], world)))
      return { rcode: RCODES.nxRrset, because: `${name} has other ${typeName(type)} records than that` };
  }
  return undefined;
}
