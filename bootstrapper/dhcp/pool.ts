/** The addresses of one subnet: which may be given, which never were, and when those that were come free. */
import { broadcast, fromNumber, type Ipv4, type Range, type Subnet, toNumber } from "../../cluster/address.ts";
import { Soonest } from "../soonest.ts";

export interface PoolPlan {
  readonly subnet: Subnet;
  /** Addresses for machines without a reservation, used up in this order. Empty: only reservations are given. */
  readonly ranges: readonly Range[];
}

/** Who has leases: a MAC, or a client-id in hex. */
export type Holder = string;

export interface Pool {
  readonly subnet: Subnet;
  readonly ranges: readonly NumberRange[];
  /** Addresses that are never given from the ranges. */
  readonly excluded: ReadonlySet<Ipv4>;
  /** How many addresses the ranges have. */
  readonly size: number;
  readonly byHolder: Map<Holder, Ipv4>;
  /** Addresses that were given once, by when they come free. */
  readonly ending: Soonest<Ipv4>;
  /** In the order declined. */
  readonly declined: Set<Ipv4>;
  /** The first address that was never given: which range it is in, and its number. Behind the last range there is none. */
  fresh: { readonly range: number; readonly number: number };
}

interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** `taken`: addresses that no machine may be given, wherever they are. */
export function openPool({ subnet, ranges }: PoolPlan, taken: readonly Ipv4[]): Pool {
  const numbers = ranges.map(({ first, last }) => ({ first: toNumber(first), last: toNumber(last) }));
  return {
    subnet,
    ranges: numbers,
    excluded: new Set([...taken, subnet.base, broadcast(subnet)]),
    size: numbers.reduce((sum, { first, last }) => sum + last - first + 1, 0),
    byHolder: new Map(),
    ending: new Soonest(),
    declined: new Set(),
    fresh: { range: 0, number: numbers[0]?.first ?? 0 },
  };
}

/** Whether the pool may ever give this address. */
export function inPool({ ranges, excluded }: Pool, address: Ipv4): boolean {
  const number = toNumber(address);
  for (const { first, last } of ranges) if (first <= number && number <= last) return !excluded.has(address);
  return false;
}

/** The first address of the pool that was never given; undefined when all were. */
export function freshOf({ ranges, fresh }: Pool): Ipv4 | undefined {
  return fresh.range < ranges.length ? fromNumber(fresh.number) : undefined;
}

/** Moves on from addresses that are excluded or given. Every address is stepped over once, however often this is asked. */
export function skipUsed(pool: Pool, given: ReadonlyMap<Ipv4, unknown>): void {
  let { range, number } = pool.fresh;
  for (; range < pool.ranges.length; number = pool.ranges[++range]?.first ?? 0) {
    for (const { last } = pool.ranges[range]!; number <= last; number += 1) {
      const address = fromNumber(number);
      if (pool.excluded.has(address) || given.has(address)) continue;
      if (number !== pool.fresh.number || range !== pool.fresh.range) pool.fresh = { range, number };
      return;
    }
  }
  pool.fresh = { range, number };
}
