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
  yield* apart(ranges);
  yield* withoutTaken(facts, ranges);
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

/** In the order of their addresses only neighbours can meet, however many there are. */
function* apart(ranges: readonly Stated<Range>[]): Iterable<Finding> {
  const inOrder = [...ranges.entries()].sort(([, a], [, b]) => toNumber(a.value.first) - toNumber(b.value.first));
  let [before, ...rest] = inOrder;
  for (const next of rest) {
    if (before && within(before[1].value, next[1].value.first)) {
      const [earlier, later] = before[0] < next[0] ? [before[1], next[1]] : [next[1], before[1]];
      const message = `${spell(later.value)} overlaps ${spell(earlier.value)}; write ranges apart from each other`;
      yield { path: later.path, message };
    }
    if (!before || toNumber(next[1].value.last) > toNumber(before[1].value.last)) before = next;
  }
}

/** Findings for one range; who has more wrote the wrong range. */
const MOST_TOLD = 10;

function* withoutTaken(facts: Facts, ranges: readonly Stated<Range>[]): Iterable<Finding> {
  const taken = [...fixed(facts)].map(([address, owner]) => ({ address, owner, at: toNumber(address) })).sort((a, b) => a.at - b.at);
  for (const { value, path } of ranges) {
    const first = toNumber(value.first);
    const last = toNumber(value.last);
    const start = taken.findIndex(({ at }) => at >= first);
    for (const { address, owner, at } of start < 0 ? [] : taken.slice(start, start + MOST_TOLD)) {
      if (at > last) break;
      yield inRange(facts, { path, message: `${spell(value)} contains ${address}, which is ${owner}'s; write a range without it` });
    }
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
