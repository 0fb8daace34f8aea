/** The machines' networks: which addresses there are, and who may have which. */
import { broadcast, cidr, contains, type Ipv4, overlap, type Range, type Subnet, within } from "../../address.ts";
import { type Facts, isLost, isUnclear, type NetworkFacts, type Stated } from "../facts.ts";
import type { Finding } from "../problem.ts";

export function* checkNetworks(facts: Facts): Iterable<Finding> {
  const { networks, upstream, domain, interfaces } = facts;
  for (const [index, { subnet, bootstrapper, routers }] of networks.entries()) {
    if (subnet && (subnet.value.prefix < 8 || subnet.value.prefix > 29)) {
      yield { path: subnet.path, message: `${cidr(subnet.value)} is not the size of a rack's network; write one from /8 to /29` };
    }
    yield* inside(subnet, bootstrapper, "the bootstrapper's own address in it");
    for (const router of routers) yield* inside(subnet, router, "a router in it");
    const other = networks.slice(0, index).find((one) => subnet && one.subnet && overlap(one.subnet.value, subnet.value));
    if (subnet && other?.subnet) {
      yield {
        path: subnet.path,
        message: `${cidr(subnet.value)} overlaps ${cidr(other.subnet.value)}, where machines are too; write one apart from it`,
      };
    }
  }
  yield* checkReach(facts);
  for (const { value, path } of upstream) {
    if (isOurs(facts, value)) yield { path, message: "the bootstrapper would ask itself for ever; write another DNS server's address" };
  }
  for (const [index, { value, path }] of interfaces.entries()) {
    if (interfaces.slice(0, index).some((before) => before.value === value))
      yield { path, message: `"${value}" is written twice; leave one of them out` };
  }
  if (domain && /(^|\.)local$/.test(domain.value)) {
    const instead = domain.value.replace(/local$/, "lan");
    yield {
      path: domain.path,
      message: `names below .local belong to multicast DNS (RFC 6762) and may not resolve; write ${instead}`,
      warning: true,
    };
  }
}

/** A machine behind a relay reaches us through a router or not at all. */
function* checkReach({ networks: [first, ...further], gaps, dhcp }: Facts): Iterable<Finding> {
  for (const { path, subnet, bootstrapper, routers } of further) {
    const known = subnet && first.bootstrapper && !isLost({ gaps }, [...path, "routers"]) && !isLost({ gaps }, [...path, "bootstrapper"]);
    if (!known || bootstrapper || routers.length > 0 || dhcp === "proxy") continue;
    yield {
      path: subnet.path,
      message: `its machines are given no router, and without one they do not find the way to ${first.bootstrapper!.value}; write routers: for it, or bootstrapper: if we have an address there`,
      warning: true,
    };
  }
}

/** Whether `address` is one of the bootstrapper's own. */
export const isOurs = ({ networks }: Facts, address: Ipv4): boolean => networks.some(({ bootstrapper }) => bootstrapper?.value === address);

/** Addresses that are one machine's alone. */
export function* checkReservations(facts: Facts): Iterable<Finding> {
  const taken = fixed(facts);
  for (const { address } of facts.machines) {
    if (!address) continue;
    const { value, path } = address;
    const owner = taken.get(value);
    if (owner) yield { path, message: `${value} is ${owner}'s; write another address` };
    else yield* atHome(facts.networks, address);
    const range = facts.networks.flatMap(({ ranges }) => ranges).find((one) => within(one.value, value));
    if (!owner && facts.dhcp !== "proxy" && range) {
      yield inRange(facts, { path, message: `${value} is inside the dynamic range ${spell(range.value)}; write an address outside it` });
    }
  }
}

/** A machine may be in any of the networks. */
function* atHome(networks: Facts["networks"], address: Stated<Ipv4>): Iterable<Finding> {
  const subnets = networks.flatMap(({ subnet }) => subnet ?? []);
  const home = subnets.find((subnet) => contains(subnet.value, address.value));
  if (home || networks.length === 1) yield* inside(home ?? subnets[0], address, "an address in it for this machine");
  else if (subnets.length === networks.length) {
    const all = subnets.map(({ value }) => cidr(value)).join(", ");
    yield {
      path: address.path,
      message: `${address.value} is in none of the subnets ${all}; write an address in one of them for this machine`,
    };
  }
}

/** Addresses that are taken before any machine comes, with their owners. */
export function fixed({ networks }: Facts): ReadonlyMap<Ipv4, string> {
  const of = (owner: string, addresses: readonly Stated<Ipv4>[]) => addresses.map(({ value }) => [value, owner] as const);
  // Of several owners the first is told.
  return new Map(
    networks
      .flatMap(({ bootstrapper, routers, nameServers }: NetworkFacts) => [
        ...of("the bootstrapper", bootstrapper ? [bootstrapper] : []),
        ...of("a router", routers),
        ...of("a name server", nameServers),
      ])
      .toReversed(),
  );
}

export function* inside(subnet: Stated<Subnet> | undefined, address: Stated<Ipv4> | undefined, what: string): Iterable<Finding> {
  if (!subnet || !address || isHost(subnet.value, address.value)) return;
  const { value, path } = address;
  const why = contains(subnet.value, value)
    ? `is the ${value === subnet.value.base ? "network's own" : "broadcast"} address of`
    : "is outside the subnet";
  yield { path, message: `${value} ${why} ${cidr(subnet.value)}; write ${what}` };
}

export const isHost = (subnet: Subnet, address: Ipv4): boolean =>
  contains(subnet, address) && address !== subnet.base && address !== broadcast(subnet);
export const spell = ({ first, last }: Range): string => `${first}-${last}`;

export const inRange = (facts: Facts, finding: Finding): Finding =>
  facts.rangeMayHoldOthers
    ? { path: finding.path, message: finding.message.replace("; ", " and is left out of it; better "), warning: true }
    : finding;

/** Whether some network may have a range that could not be read. */
export const rangeInDoubt = (facts: Facts): boolean =>
  facts.networks.some(({ rangePath, path }) => isLost(facts, rangePath) || isUnclear(facts, path)) || isLost(facts, ["network", "subnets"]);
