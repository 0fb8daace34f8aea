/** The machines' network: which addresses there are, and who may have which. */
import { broadcast, cidr, contains, type Ipv4, type Range, type Subnet, toNumber, within } from "../../address.ts";
import { type Facts, isLost, isUnclear, type Stated } from "../facts.ts";
import type { Finding } from "../problem.ts";

export function* checkNetwork({ subnet, bootstrapper, routers, upstream, domain }: Facts): Iterable<Finding> {
  if (subnet && (subnet.value.prefix < 8 || subnet.value.prefix > 29)) {
    yield { path: subnet.path, message: `${cidr(subnet.value)} is not the size of a rack's network; write one from /8 to /29` };
  }
  yield* inside(subnet, bootstrapper, "the bootstrapper's own address in it");
  for (const router of routers) yield* inside(subnet, router, "a router in it");
  for (const { value, path } of upstream) {
    if (value === bootstrapper?.value)
      yield { path, message: "the bootstrapper would ask itself for ever; write another DNS server's address" };
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

/** Addresses that are one machine's alone. */
export function* checkReservations(facts: Facts): Iterable<Finding> {
  for (const { address } of facts.machines) {
    if (!address) continue;
    const { value, path } = address;
    const owner = fixed(facts).find(([, taken]) => taken.value === value);
    if (owner) yield { path, message: `${value} is ${owner[0]}'s; write another address` };
    else yield* inside(facts.subnet, address, "an address in it for this machine");
    if (!owner && facts.dhcp !== "proxy" && facts.range && within(facts.range.value, value)) {
      yield inRange(facts, {
        path,
        message: `${value} is inside the dynamic range ${spell(facts.range.value)}; write an address outside it`,
      });
    }
  }
}

export function* checkRange(facts: Facts): Iterable<Finding> {
  const { range, subnet, machines, dhcp, rangePath } = facts;
  if (dhcp === "proxy") {
    if (range)
      yield { path: range.path, message: "has no effect, as the site's own DHCP server gives the addresses; leave it out", warning: true };
    return;
  }
  const without = machines.filter(({ address, path }) => !address && !isUnclear(facts, path));
  if (!range) {
    if (isLost(facts, rangePath) || isUnclear(facts, rangePath.slice(0, -1))) return;
    for (const { addressPath: path } of without) {
      yield {
        path,
        message: "is missing, and the network has no range to take one from; write an address here or a range there",
      };
    }
    return;
  }
  const { value, path } = range;
  if (subnet) {
    for (const end of new Set([value.first, value.last])) {
      if (!isHost(subnet.value, end))
        yield { path, message: `${end} is not an address for a machine in ${cidr(subnet.value)}; write a range inside it` };
    }
  }
  const taken = new Map(
    fixed(facts)
      .toReversed()
      .map(([owner, { value: address }]) => [address, owner]),
  );
  for (const [address, owner] of taken) {
    if (!within(value, address)) continue;
    yield inRange(facts, {
      path: rangePath,
      message: `${spell(value)} contains ${address}, which is ${owner}'s; write a range without it`,
    });
  }
  const free = toNumber(value.last) - toNumber(value.first) + 1;
  if (free < without.length)
    yield {
      path,
      message: `${spell(value)} has ${free} addresses for ${without.length} machines without one of their own; write a longer range`,
    };
}

/** Addresses that are taken before any machine comes, with their owners. */
const fixed = ({ bootstrapper, routers, nameServers }: Facts): readonly (readonly [string, Stated<Ipv4>])[] => [
  ...(bootstrapper ? [["the bootstrapper", bootstrapper] as const] : []),
  ...routers.map((router) => ["a router", router] as const),
  ...nameServers.map((server) => ["a name server", server] as const),
];

function* inside(subnet: Stated<Subnet> | undefined, address: Stated<Ipv4> | undefined, what: string): Iterable<Finding> {
  if (!subnet || !address || isHost(subnet.value, address.value)) return;
  const { value, path } = address;
  const why = contains(subnet.value, value)
    ? `is the ${value === subnet.value.base ? "network's own" : "broadcast"} address of`
    : "is outside the subnet";
  yield { path, message: `${value} ${why} ${cidr(subnet.value)}; write ${what}` };
}

const isHost = (subnet: Subnet, address: Ipv4): boolean =>
  contains(subnet, address) && address !== subnet.base && address !== broadcast(subnet);
const spell = ({ first, last }: Range): string => `${first}-${last}`;

const inRange = (facts: Facts, finding: Finding): Finding =>
  facts.rangeMayHoldOthers
    ? { path: finding.path, message: finding.message.replace("; ", " and is left out of it; better "), warning: true }
    : finding;
