import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { end, isAlive, kill, marked, type ProcessId, startDetached } from "../../vm-cluster/processes.ts";

let folder: string;
const log = () => join(folder, "log");
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "processes-"));
});
afterEach(async () => {
  await end(marked(folder), 100);
  rmSync(folder, { recursive: true });
});

const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(10);
};

test("a process runs in the background until it is asked to end", async () => {
  const id = startDetached(["sleep", "60"], folder, log());
  expect(isAlive(id)).toBe(true);
  await end([id]);
  expect(isAlive(id)).toBe(false);
});

test("one that does not want to end is ended all the same", async () => {
  const id = startDetached(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"], folder, log());
  await until(() => readFileSync(log(), "utf8").includes("ready"));
  await end([id], 200);
  expect(isAlive(id)).toBe(false);
});

test("its words are in the log", async () => {
  const id = startDetached(["sh", "-c", "echo out; echo err >&2"], folder, log());
  await until(() => !isAlive(id));
  expect(readFileSync(log(), "utf8")).toBe("out\nerr\n");
});

test("another process that was given the same number is left alone", async () => {
  const id = startDetached(["sleep", "60"], folder, log());
  const earlier: ProcessId = { ...id, startedAt: String(Number(id.startedAt) - 1) };
  expect(isAlive(earlier)).toBe(false);
  await kill([earlier]);
  expect(isAlive(id)).toBe(true);
});

test("children that outlive their parent are found by the rack's mark", async () => {
  const parent = startDetached(["sh", "-c", "sleep 60 & echo $!; sleep 60"], folder, log());
  await until(() => readFileSync(log(), "utf8").includes("\n"));
  await kill([parent]);
  const left = marked(folder);
  expect(left.length).toBeGreaterThan(0);
  expect(marked(`${folder}-other`)).toEqual([]);
  await end(left);
  expect(marked(folder)).toEqual([]);
});

test("a program that is not there is named", () => {
  expect(() => startDetached(["no-such-program"], folder, log())).toThrow(/no-such-program cannot be started/);
});
