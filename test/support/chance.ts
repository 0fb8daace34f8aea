/** Chance that the same seed repeats: for proxies, fuzzers and whatever else must fail twice in the same way. */

/** Numbers from 0 up to and without 1. Mulberry32. */
export type Chance = () => number;

export function chanceFrom(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A whole number from 0 up to and without `end`. */
export const below = (end: number, chance: Chance): number => Math.floor(chance() * end);
