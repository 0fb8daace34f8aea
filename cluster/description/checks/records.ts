/** The records of `dns.records`: names that mean what they seem to, said once, and nobody else's. */
import { cidr, contains, type Ipv4 } from "../../address.ts";
import type { DnsRecord } from "../../cluster.ts";
import { completed, namesIn } from "../dns-record.ts";
import type { DnsFacts, Facts, Stated } from "../facts.ts";
import type { Finding } from "../problem.ts";
import { isBelow, takenNames } from "./names.ts";

export function* checkRecords(facts: Facts, { records, forward }: DnsFacts, domain: string): Iterable<Finding> {
  const owners = takenNames(facts, domain);
  const whole = records.map(({ value, path }) => ({ value: completed(value, domain), path }));
  const unsound = new Set<Stated<DnsRecord>>();
  for (const [index, record] of whole.entries()) {
    const wrong = wrongName(records[index]!.value, domain);
    if (wrong) {
      unsound.add(record);
      yield { path: record.path, message: wrong };
      continue;
    }
    const { name, type } = record.value;
    const owner = TAKING.has(type) && owners.get(name);
    if (owner) yield { path: record.path, message: `${name} is ${owner}; write another name` };
    const elsewhere = forward.find(({ zone }) => zone && isBelow(name, zone.value) && zone.value.length > domain.length);
    if (elsewhere && isBelow(name, domain))
      yield {
        path: record.path,
        message: `${name} is in ${elsewhere.zone!.value}, which is asked elsewhere (dns.forward); leave one of them out`,
      };
    yield* notOurs(facts, record, domain);
  }
  yield* amongEachOther(
    whole.filter((record) => !unsound.has(record)),
    domain,
  );
}

/** Who answers to a name already says where it leads; further texts and services are welcome there. */
const TAKING = new Set<DnsRecord["type"]>(["A", "CNAME", "NS", "PTR"]);

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

/** Who answers for a name of somebody else's stands between its owner and everybody who asks us; an island may want that. */
function* notOurs({ networks }: Facts, { value: { name }, path }: Stated<DnsRecord>, domain: string): Iterable<Finding> {
  if (isBelow(name, domain)) return;
  const subnets = networks.flatMap(({ subnet }) => subnet?.value ?? []);
  const address = addressOf(name);
  if (subnets.length < networks.length || (address && subnets.some((subnet) => contains(subnet, address)))) return;
  const zones = `${domain} nor a reverse name of ${subnets.map(cidr).join(", ")}`;
  const message = `${name} is not in ${zones}; machines are told this instead of what its owner says; write a name below ${domain} if that is not meant`;
  yield { path, message, warning: true };
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
