/** When a snapshot is due, on clocks that are right, that are set and that were ahead. */
import { beforeEach, expect, test } from "vitest";
import type { Snapshot } from "../../../bootstrapper/kubernetes/etcd-snapshots.ts";
import { TimedSnapshots } from "../../../bootstrapper/operations/timed-snapshots.ts";

const NEVER = new AbortController().signal;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 21, 12);

let now: number;
let rises: number;
let kept: Snapshot[];
let taken: number[];
let lines: string[];
let places: { name: string; address: string }[];
let away: Set<string>;
let isUp: boolean;
let timed: TimedSnapshots;

/** Another start of the server: what only a process knows is gone. */
const start = (): TimedSnapshots =>
  new TimedSnapshots({
    snapshots: {
      list: async () => kept.toSorted((a, b) => b.at - a.at),
      take: async (pieces, at) => {
        for await (const piece of pieces) void piece;
        const snapshot = { name: `at ${at}`, at, size: 1, sha256: "" };
        kept.push(snapshot);
        taken.push(at);
        return snapshot;
      },
      difference: async () => undefined,
    },
    etcd: async () => ({
      async *snapshot(address: string) {
        if (away.has(address)) throw new Error("it does not answer");
        yield Buffer.alloc(1);
      },
    }),
    places: () => places,
    isUp: () => isUp,
    journal: ({ level, text }) => void lines.push(`${level} ${text}`),
    now: () => now,
    rises: () => rises,
  });
/** As the server looks, every five minutes. */
const pass = async (time: number): Promise<void> => {
  for (let left = time; left > 0; left -= 5 * MINUTE) {
    now += 5 * MINUTE;
    rises += 5 * MINUTE;
    await timed.look(NEVER);
  }
};

beforeEach(() => {
  now = NOON;
  rises = 0;
  kept = [];
  taken = [];
  lines = [];
  places = [{ name: "cp-1", address: "10.0.0.11" }];
  away = new Set();
  isUp = true;
  timed = start();
});

test("one is taken every six hours, and a restart takes none in between", async () => {
  await timed.look(NEVER);
  await pass(2 * HOUR);
  timed = start();
  await pass(11 * HOUR);
  expect(taken).toEqual([NOON, NOON + 6 * HOUR, NOON + 12 * HOUR]);
});

test.each([
  { what: "back by a week", by: -7 * 24 * HOUR },
  { what: "back by an hour", by: -HOUR },
  { what: "ahead by a week", by: 7 * 24 * HOUR },
])("a clock that is set $what changes nothing in how often", async ({ by }) => {
  await timed.look(NEVER);
  await pass(HOUR);
  now += by;
  await pass(4 * HOUR + 55 * MINUTE);
  expect(taken).toEqual([NOON]);
  await pass(12 * HOUR);
  expect(taken).toEqual([NOON, NOON + 6 * HOUR + by, NOON + 12 * HOUR + by]);
});

test("those that a clock took that was ahead stand for none, and cause no more than one", async () => {
  kept = [2, 20, 200].map((hours) => ({ name: `${hours}`, at: NOON + hours * HOUR, size: 1, sha256: "" }));
  await pass(10 * MINUTE);
  timed = start();
  await pass(HOUR);
  expect(taken).toEqual([NOON + 5 * MINUTE]);
});

test("one that was asked for counts, and is taken of the first member that gives one", async () => {
  places.push({ name: "cp-2", address: "10.0.0.12" });
  away.add("10.0.0.11");
  await timed.take(NEVER);
  await pass(5 * HOUR);
  expect(taken).toHaveLength(1);
  expect(lines).toEqual([`info snapshot of etcd from cp-2: at ${NOON}, 1 bytes`]);
});

test("what hinders it is said once, and nothing is asked for where no etcd is up", async () => {
  isUp = false;
  await pass(HOUR);
  expect(lines).toEqual([]);
  isUp = true;
  away.add("10.0.0.11");
  await pass(HOUR);
  expect(lines).toEqual(["warning no snapshot of etcd could be taken: cp-1: it does not answer"]);
});
