/** The DNS server's zones and keys: each said once, no name of ours asked elsewhere, and no question that comes back to us. */
import { type Ipv4, overlap } from "../../address.ts";
import type { DnsFacts, Facts } from "../facts.ts";
import type { Finding } from "../problem.ts";
import { isBelow, takenNames } from "./names.ts";
import { isOurs } from "./network.ts";
import { checkRecords } from "./records.ts";

export function* checkDns(facts: Facts): Iterable<Finding> {
  if (!facts.dns) return;
  yield* checkForward(facts, facts.dns);
  yield* checkKeys(facts.dns);
  yield* checkApi(facts, facts.dns);
  if (facts.domain) yield* checkRecords(facts, facts.dns, facts.domain.value);
}

/** A name that this description gives somebody is nobody else's. */
function* checkApi({ machines, bootstrapperName }: Facts, { api }: DnsFacts): Iterable<Finding> {
  if (!api) return;
  for (const { name } of machines) {
    if (name?.value === api.value)
      yield { path: name.path, message: `"${api.value}" is the name of the API server's endpoint; write another name here or in dns.api` };
  }
  if (bootstrapperName?.value === api.value) yield { path: api.path, message: `"${api.value}" is the bootstrapper's name; write another` };
}

function* checkKeys({ keys }: DnsFacts): Iterable<Finding> {
  for (const [index, { value, path }] of keys.entries()) {
    if (keys.slice(0, index).some((before) => before.value === value))
      yield { path, message: `"${value}" is written twice; write a name no other key has` };
  }
}

/** The longest zone that fits a name decides who answers, and of two as long ours. */
function* checkForward(facts: Facts, { forward }: DnsFacts): Iterable<Finding> {
  const domain = facts.domain?.value;
  const owners = domain === undefined ? new Map<string, string>() : takenNames(facts, domain);
  for (const [index, { zone, servers }] of forward.entries()) {
    if (zone) {
      const hidden =
        zone.value === domain ? undefined : [...owners].find(([name]) => isBelow(zone.value, domain!) && isBelow(name, zone.value));
      if (zone.value === domain || isOurReverseZone(facts, zone.value))
        yield { path: zone.path, message: `${zone.value} is what the bootstrapper answers for itself; write another zone` };
      if (hidden) yield { path: zone.path, message: `${hidden[0]} would be asked elsewhere, and is ${hidden[1]}; write another zone` };
      if (forward.slice(0, index).some((before) => before.zone?.value === zone.value))
        yield { path: zone.path, message: `"${zone.value}" is written twice; leave one of them out` };
    }
    for (const { value, path } of servers) {
      if (isOurs(facts, value)) yield { path, message: "the bootstrapper would ask itself for ever; write another DNS server's address" };
    }
  }
}

/** Zones end at a dot, so our /20 is sixteen of three numbers each, and our /25 half of one. */
function isOurReverseZone({ networks }: Facts, zone: string): boolean {
  const octets = zone
    .replace(/\.?in-addr\.arpa$/, "")
    .split(".")
    .reverse();
  if (!zone.endsWith(".in-addr.arpa") || octets.length > 3) return false;
  const base = [...octets, "0", "0", "0"].slice(0, 4).join(".") as Ipv4;
  const prefix = 8 * octets.length;
  return networks.some(
    ({ subnet }) => subnet && 8 * Math.min(3, Math.ceil(subnet.value.prefix / 8)) === prefix && overlap(subnet.value, { base, prefix }),
  );
}
