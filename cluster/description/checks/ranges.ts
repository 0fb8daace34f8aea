/** The ranges that addresses are lent from: inside their networks, apart from each other and from what is taken, and long enough. */
import { cidr, type Range, toNumber, within } from "../../address.ts";
import { type Facts, isUnclear, type NetworkFacts, type Stated } from "../facts.ts";
import type { Finding } from "../problem.ts";
import { fixed, inRange, isHost, rangeInDoubt, spell } from "./network.ts";

export function* checkRanges(facts: Facts): Iterable<Finding> {
  const ranges = facts.networks.flatMap((network) => network.ranges);
  if (facts.dhcp === "proxy") {
    for (const { path } of ranges) {
      yield { path, message: "has no effect, as the site's own DHCP server gives the addresses; leave it out", warning: true };
    }
    return;
  }
  for (const network of facts.networks) yield* inItsNetwork(network);
  for (const [index, range] of ranges.entries()) {
    const other = ranges.slice(0, index).find((before) => meet(before.value, range.value));
    if (other)
      yield { path: range.path, message: `${spell(range.value)} overlaps ${spell(other.value)}; write ranges apart from each other` };
    yield* withoutTaken(facts, range);
  }
  yield* enough(facts, ranges);
}

function* inItsNetwork({ subnet, ranges }: NetworkFacts): Iterable<Finding> {
  if (!subnet) return;
  for (const { value, path } of ranges) {
    for (const end of new Set([value.first, value.last])) {
      if (!isHost(subnet.value, end))
        yield { path, message: `${end} is not an address for a machine in ${cidr(subnet.value)}; write a range inside it` };
    }
  }
}

const meet = (a: Range, b: Range): boolean => within(a, b.first) || within(b, a.first);

function* withoutTaken(facts: Facts, { value, path }: Stated<Range>): Iterable<Finding> {
  for (const [address, owner] of fixed(facts)) {
    if (!within(value, address)) continue;
    yield inRange(facts, { path, message: `${spell(value)} contains ${address}, which is ${owner}'s; write a range without it` });
  }
}

function* enough(facts: Facts, ranges: readonly Stated<Range>[]): Iterable<Finding> {
  const without = facts.machines.filter(({ address, path }) => !address && !isUnclear(facts, path));
  const [first] = ranges;
  if (rangeInDoubt(facts)) return;
  if (!first) {
    for (const { addressPath: path } of without) {
      yield { path, message: "is missing, and the network has no range to take one from; write an address here or a range there" };
    }
    return;
  }
  const free = ranges.reduce((sum, { value }) => sum + toNumber(value.last) - toNumber(value.first) + 1, 0);
  if (free < without.length) {
    const all = ranges.map(({ value }) => spell(value)).join(", ");
    yield {
      path: first.path,
      message: `${all} ${ranges.length === 1 ? "has" : "have"} ${free} addresses for ${without.length} machines without one of their own; write a longer range`,
    };
  }
}
