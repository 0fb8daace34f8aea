import { expect, test } from "vitest";
import { Cache } from "../../../../bootstrapper/dns/forward/cache.ts";
import type { Response } from "../../../../bootstrapper/dns/forward/relay.ts";

const response = (lifetime: number, size = 50): Response => ({
  bytes: Buffer.alloc(size),
  rcode: 0,
  truncated: false,
  ttlsAt: [],
  lifetime,
});

test("an answer is kept for its lifetime and tells its age", () => {
  const cache = new Cache();
  cache.put("a", response(60), 1_000);
  expect(cache.get("a", 31_500)?.age).toBe(30);
  expect(cache.get("a", 61_000)).toBeUndefined();
  expect(cache.get("b", 1_000)).toBeUndefined();
});

test("what must not be kept, or is too large, is not", () => {
  const cache = new Cache();
  cache.put("a", response(0), 0);
  cache.put("b", response(60, 20_000), 0);
  expect([cache.get("a", 0), cache.get("b", 0)]).toEqual([undefined, undefined]);
});

test("what has run out is still there for when nobody answers, for a day", () => {
  const cache = new Cache();
  cache.put("a", response(60), 0);
  expect(cache.get("a", 61_000)).toBeUndefined();
  expect(cache.stale("a", 61_000)).toMatchObject({ age: 61, stale: true });
  expect(cache.stale("a", 30_000)).not.toHaveProperty("stale");
  expect(cache.stale("a", 86_461_000)).toBeUndefined();
});

test("its memory is bounded: the least recently used answer goes first", () => {
  const cache = new Cache(20 * 10_410);
  for (let i = 0; i < 20; i++) cache.put(`${i}`, response(60, 10_000), 0);
  cache.get("0", 0);
  cache.put("one more", response(60, 10_000), 0);
  expect(cache.get("0", 0)).toBeDefined();
  expect(cache.get("1", 0)).toBeUndefined();
});
