import fc from "fast-check";
import { expect, test } from "vitest";
import { negotiate } from "../../../bootstrapper/tftp/negotiate.ts";

const offer = { size: 108_832, mtu: 1500 };
const ask = (asked: Readonly<Record<string, string>>, given = offer as Parameters<typeof negotiate>[1]) => {
  const { terms, accepted } = negotiate(new Map(Object.entries(asked)), given);
  return { terms, accepted: Object.fromEntries(accepted) };
};
const PLAIN = { blockSize: 512, windowSize: 1 };

// biome-ignore format: a table
test.each<{ when: string; asked: Record<string, string>; accepted: Record<string, string>; terms: object }>([
  { when: "nothing is asked",                 asked: {},                              accepted: {},                      terms: {} },
  { when: "iPXE asks",                        asked: { blksize: "1432", tsize: "0" }, accepted: { blksize: "1432", tsize: "108832" }, terms: { blockSize: 1432 } },
  { when: "OVMF asks",                        asked: { tsize: "0", blksize: "1468", windowsize: "4" }, accepted: { tsize: "108832", blksize: "1468", windowsize: "4" }, terms: { blockSize: 1468, windowSize: 4 } },
  { when: "the smallest block is asked",      asked: { blksize: "8" },                accepted: { blksize: "8" },        terms: { blockSize: 8 } },
  { when: "a block of 0 is asked",            asked: { blksize: "0" },                accepted: {},                      terms: {} },
  { when: "a block of 7 is asked",            asked: { blksize: "7" },                accepted: {},                      terms: {} },
  { when: "the largest block is asked",       asked: { blksize: "65464" },            accepted: { blksize: "1468" },     terms: { blockSize: 1468 } },
  { when: "a block beyond RFC 2348 is asked", asked: { blksize: "65465" },            accepted: {},                      terms: {} },
  { when: "a block beyond the MTU is asked",  asked: { blksize: "1469" },             accepted: { blksize: "1468" },     terms: { blockSize: 1468 } },
  { when: "a window of 0 is asked",           asked: { windowsize: "0" },             accepted: {},                      terms: {} },
  { when: "a window of 65536 is asked",       asked: { windowsize: "65536" },         accepted: {},                      terms: {} },
  { when: "a window of 65535 is asked",       asked: { windowsize: "65535" },         accepted: { windowsize: "64" },    terms: { windowSize: 64 } },
  { when: "a timeout of 3 s is asked",        asked: { timeout: "3" },                accepted: { timeout: "3" },        terms: { timeout: 3000 } },
  { when: "a timeout of 0 is asked",          asked: { timeout: "0" },                accepted: {},                      terms: {} },
  { when: "a timeout of 256 s is asked",      asked: { timeout: "256" },              accepted: {},                      terms: {} },
  { when: "a value is no number",             asked: { blksize: "1e3", tsize: "-1", timeout: "" }, accepted: {},         terms: {} },
  { when: "the name only contains one of ours", asked: { foo_blksize_bar: "1024" },   accepted: {},                      terms: {} },
  { when: "the name is one of JavaScript's",  asked: { constructor: "1" },            accepted: {},                      terms: {} },
])("when $when, it accepts $accepted", ({ asked, accepted, terms }) => {
  expect(ask(asked)).toEqual({ accepted, terms: { ...PLAIN, ...terms } });
});

test("jumbo frames allow larger blocks", () => {
  expect(ask({ blksize: "65464" }, { size: 1, mtu: 9000 }).terms.blockSize).toBe(8968);
});

test("whatever is asked, a block fits the network and a window is bounded", () => {
  const names = fc.constantFrom("blksize", "tsize", "timeout", "windowsize", "multicast");
  const values = fc.oneof(fc.nat({ max: 100_000 }).map(String), fc.string());
  fc.assert(
    fc.property(fc.array(fc.tuple(names, values)), fc.integer({ min: 68, max: 65535 }), (asked, mtu) => {
      const { terms, accepted } = negotiate(new Map(asked), { size: 5, mtu });
      expect(terms.blockSize).toBeLessThanOrEqual(Math.max(512, mtu - 32));
      expect(terms.blockSize).toBeGreaterThanOrEqual(8);
      expect(terms.windowSize).toBeLessThanOrEqual(64);
      for (const name of accepted.keys()) expect(asked.map(([asked]) => asked as string)).toContain(name);
    }),
  );
});
