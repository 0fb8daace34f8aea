import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY, formatLock, forUpdate, lockedUrl, parseLock, pinOf, verifiedAs } from "../../bsroot-builder/lock.ts";
import type { Artifact, Verify } from "../../cluster/extension.ts";
import type { Lock } from "../../cluster/layout.ts";

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const locked = fc.record({ url: fc.string(), size: fc.nat(), sha256: hex(64), verified: fc.string() });
/** zod reads no key called __proto__; paths begin with html/ or tftpboot/, versions with the name of a system. */
const name = fc.string().filter((key) => key !== "__proto__");
const locks: fc.Arbitrary<Lock> = fc.record({
  version: fc.constant(1 as const),
  versions: fc.dictionary(name, fc.string()),
  images: fc.dictionary(
    name,
    hex(64).map((digest) => `sha256:${digest}`),
  ),
  artifacts: fc.dictionary(name, locked),
});
const shuffled = <T>(record: Readonly<Record<string, T>>): Record<string, T> => Object.fromEntries(Object.entries(record).reverse());

test("what is written is what is read, and the same content is the same bytes whatever its order", () => {
  fc.assert(
    fc.property(locks, (lock) => {
      const text = formatLock(lock);
      expect(formatLock(parseLock(text))).toBe(text);
      expect(
        formatLock({ version: 1, versions: shuffled(lock.versions), images: shuffled(lock.images), artifacts: shuffled(lock.artifacts) }),
      ).toBe(text);
    }),
    { numRuns: 300 },
  );
});

const SHA = "a".repeat(64);
const KEY = { by: "openpgp", signature: "s", key: "k", fingerprint: "F88C" } as const;
const artifact = (verify: Verify = { by: "first-use" }, extra: Partial<Artifact> = {}): Artifact => ({
  path: "p",
  url: "https://x/p",
  verify,
  ...extra,
});
const pinned = (one: Artifact, sha256 = SHA): Lock => ({
  ...EMPTY,
  artifacts: { p: { url: lockedUrl(one), size: 1, sha256, verified: verifiedAs(one) } },
});

test.each([
  { when: "nothing changed", before: artifact(), now: artifact(), counts: true },
  { when: "the URL changed", before: artifact(), now: artifact(undefined, { url: "https://x/q" }), counts: false },
  {
    when: "another member of the archive is meant",
    before: artifact(undefined, { member: "a" }),
    now: artifact(undefined, { member: "b" }),
    counts: false,
  },
  { when: "a signature is now asked for", before: artifact(), now: artifact(KEY), counts: false },
  { when: "another key must have signed", before: artifact(KEY), now: artifact({ ...KEY, fingerprint: "52F1" }), counts: false },
  {
    when: "the description gives the same hash",
    before: artifact({ by: "sha256", sha256: SHA }),
    now: artifact({ by: "sha256", sha256: SHA }),
    counts: true,
  },
  {
    when: "the description gives another hash",
    before: artifact({ by: "sha256", sha256: SHA }),
    now: artifact({ by: "sha256", sha256: "b".repeat(64) }),
    counts: false,
  },
  {
    when: "the archive's hash changed",
    before: artifact({ by: "sha256", sha256: "c" }, { member: "a" }),
    now: artifact({ by: "sha256", sha256: "d" }, { member: "a" }),
    counts: false,
  },
])("a pin counts: $counts, when $when", ({ before, now, counts }) => {
  expect(pinOf(pinned(before), now) !== undefined).toBe(counts);
});

test("a path called like something every object has is not pinned by that", () => {
  expect(pinOf(EMPTY, { ...artifact(), path: "constructor" })).toBeUndefined();
});

test("an update forgets versions and what nobody vouches for, and keeps what a hash or a key does", () => {
  const first = pinned(artifact());
  const signed = pinned(artifact(KEY));
  expect(forUpdate({ ...first, versions: { "flatcar/stable/amd64": "1" } })).toEqual(EMPTY);
  expect(forUpdate(signed)).toEqual(signed);
});
