import { expect, test } from "vitest";
import { LockError, lockKey, resolve } from "../../cluster/resolve.ts";
import { cluster } from "./clusters.ts";

const full = cluster("full.yml");
const original = cluster("original.yml");
const lock = { versions: { "flatcar/beta/amd64": "4757.1.0", "flatcar/stable/amd64": "4593.2.5" } };

test("what the lock pinned stands where the description said current", () => {
  expect(resolve(full, lock).machines.map(({ os }) => os.target === "flatcar" && os.version)).toEqual([
    "4757.1.0",
    "4757.1.0",
    "4081.3.10",
    false,
  ]);
});

test("everything else stays as it was", () => {
  const [, , edge, own] = full.machines;
  const resolved = resolve(full, lock);
  expect(resolved.machines[2]).toBe(edge);
  expect(resolved.machines[3]).toBe(own);
  expect({ ...resolved, machines: full.machines }).toEqual(full);
});

test("the system of unlisted machines is resolved too", () => {
  expect(resolve(original, lock).unlisted).toMatchObject({ os: { version: "4593.2.5" } });
});

test("twice is as good as once", () => {
  const once = resolve(original, lock);
  expect(resolve(once, { versions: {} })).toEqual(once);
});

test("every version that the lock lacks is named, with the way out", () => {
  const arm = { ...full, machines: full.machines.map((machine) => ({ ...machine, architecture: "arm64" as const })) };
  const both = { ...full, machines: [...full.machines, ...arm.machines] };
  expect(() => resolve(both, { versions: {} })).toThrow(LockError);
  expect(() => resolve(both, { versions: {} })).toThrow(
    "sextant.lock has no version for flatcar/beta/amd64, flatcar/beta/arm64; run bsroot-builder build with internet access",
  );
});

test("a lock is asked for what it has, not for what every object has", () => {
  expect(() => resolve(full, { versions: Object.create({ "flatcar/beta/amd64": "1" }) })).toThrow(LockError);
});

test("only current needs a lock", () => {
  expect(full.machines.map(({ os, architecture }) => lockKey(os, architecture))).toEqual([
    "flatcar/beta/amd64",
    "flatcar/beta/amd64",
    undefined,
    undefined,
  ]);
});
