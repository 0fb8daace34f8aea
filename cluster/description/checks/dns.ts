/** The DNS server's own records, zones and keys: names it is asked for, said once, and no question that comes back to it. */
import { cidr, contains, dashed, type Ipv4, reverseName } from "../../address.ts";
import type { DnsRecord } from "../../cluster.ts";
import { completed, namesIn } from "../dns-record.ts";
import type { DnsFacts, Facts, Stated } from "../facts.ts";
import type { Finding } from "../problem.ts";
import { isOurs } from "./network.ts";

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

function* checkForward(facts: Facts, { forward }: DnsFacts): Iterable<Finding> {
  const domain = facts.domain?.value;
  for (const [index, { zone, servers }] of forward.entries()) {
    if (zone && domain !== undefined && isBelow(zone.value, domain)) {
      const what = zone.value === domain ? "is the cluster's domain" : `is inside the cluster's domain ${domain}`;
      yield { path: zone.path, message: `${zone.value} ${what}, which the bootstrapper answers for itself; write another zone` };
    }
    if (zone && forward.slice(0, index).some((before) => before.zone?.value === zone.value))
      yield { path: zone.path, message: `"${zone.value}" is written twice; leave one of them out` };
    for (const { value, path } of servers) {
      if (isOurs(facts, value)) yield { path, message: "the bootstrapper would ask itself for ever; write another DNS server's address" };
    }
  }
}

function* checkRecords(facts: Facts, { records }: DnsFacts, domain: string): Iterable<Finding> {
  const owners = takenNames(facts, domain);
  const whole = records.map(({ value, path }) => ({ value: completed(value, domain), path }));
  const unsound = new Set<Stated<DnsRecord>>();
  for (const [index, record] of whole.entries()) {
    const wrong = wrongName(records[index]!.value, domain) ?? notOurs(facts, record.value.name, domain);
    if (wrong) {
      unsound.add(record);
      yield { path: record.path, message: wrong };
      continue;
    }
    const owner = TAKING.has(record.value.type) && owners.get(record.value.name);
    if (owner) yield { path: record.path, message: `${record.value.name} is ${owner}; write another name` };
  }
  yield* amongEachOther(
    whole.filter((record) => !unsound.has(record)),
    domain,
  );
}

/** Who answers to a name already says where it leads; further texts and services are welcome there. */
const TAKING = new Set<DnsRecord["type"]>(["A", "CNAME", "NS", "PTR"]);

function takenNames({ machines, bootstrapperName, networks, dns }: Facts, domain: string): ReadonlyMap<string, string> {
  const [{ bootstrapper }] = networks;
  const machineNames = machines.flatMap(({ name, mac, address }) => {
    const owner = name ? `machine ${name.value}` : mac && `machine ${mac.value}`;
    if (!owner) return [];
    const labels = [...(name ? [name.value] : []), ...(mac ? [dashed(mac.value)] : [])];
    return [
      ...labels.map((label) => [`${label}.${domain}`, `the name of ${owner}`] as const),
      ...(address ? [[reverseName(address.value), `the address of ${owner}`] as const] : []),
    ];
  });
  return new Map([
    ...machineNames,
    ...(dns?.api ? [[`${dns.api.value}.${domain}`, "every control plane's (dns.api)"] as const] : []),
    ...(dns?.ingress ? [[`*.${dns.ingress.value}.${domain}`, "every ingress node's (dns.ingress)"] as const] : []),
    ...(bootstrapperName ? [[`${bootstrapperName.value}.${domain}`, "the bootstrapper's name"] as const] : []),
    ...(bootstrapper ? [[reverseName(bootstrapper.value), "the bootstrapper's address"] as const] : []),
  ]);
}

function wrongName(written: DnsRecord, domain: string): string | undefined {
  for (const name of namesIn(written)) {
    if (!name.endsWith(".") && isBelow(name, domain)) {
      const short = name === domain ? "@" : name.slice(0, -domain.length - 1);
      return `"${name}" would mean ${name}.${domain}; write ${short}, or ${name}. with a dot at its end`;
    }
  }
  const long = namesIn(completed(written, domain)).find((name) => name.length > 253);
  return long && `a name has ${long.length} characters with the domain behind it; write one of at most 253`;
}

/** A server only has records of its own zones (RFC 1034 §4.2). */
function notOurs({ networks }: Facts, name: string, domain: string): string | undefined {
  if (isBelow(name, domain)) return undefined;
  const subnets = networks.flatMap(({ subnet }) => subnet?.value ?? []);
  if (subnets.length < networks.length) return undefined;
  const address = addressOf(name);
  if (address && subnets.some((subnet) => contains(subnet, address))) return undefined;
  const zones = `${domain} nor a reverse name of ${subnets.map(cidr).join(", ")}`;
  return `${name} is not in ${zones}, so the bootstrapper is not asked for it; write a name below ${domain}`;
}

/** 5.0.77.10.in-addr.arpa -> 10.77.0.5 */
function addressOf(name: string): Ipv4 | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name)?.slice(1);
  const valid = octets?.every((octet) => Number(octet) < 256 && String(Number(octet)) === octet);
  return valid ? (octets!.reverse().join(".") as Ipv4) : undefined;
}

function* amongEachOther(records: readonly Stated<DnsRecord>[], domain: string): Iterable<Finding> {
  const said = new Set<string>();
  const names = new Map<string, { readonly alias: boolean }>();
  for (const { value, path } of records) {
    const { ttl: _, ...what } = value;
    const spelled = JSON.stringify(what);
    const alias = value.type === "CNAME";
    const before = names.get(value.name);
    if (alias && value.name === domain) {
      yield {
        path,
        message: `${domain} has records of its own, and a CNAME stands alone at its name (RFC 1034 §3.6.2); write A records instead`,
      };
    } else if (said.has(spelled)) {
      yield { path, message: "this record is written twice; leave one of them out" };
    } else if (before && (alias || before.alias)) {
      const message = `a CNAME stands alone at its name, and ${value.name} has another record (RFC 1034 §3.6.2); leave one of them out`;
      yield { path, message };
    }
    said.add(spelled);
    names.set(value.name, { alias: alias || before?.alias === true });
  }
}

const isBelow = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);
