import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FolderBusy, lockFolder } from "../../../bsroot-builder/write/folder-lock.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sextant-lock-"));
  await mkdir(join(root, ".build"));
});
afterEach(() => rm(root, { recursive: true }));

const leave = (holder: object | string) =>
  writeFile(
    join(root, ".build/lock-theirs"),
    typeof holder === "string" ? holder : JSON.stringify({ host: hostname(), born: "1", id: "theirs", ...holder }),
  );

async function pidOfTheDead(): Promise<number> {
  const child = spawn("true");
  await new Promise((resolve) => child.on("exit", resolve));
  return child.pid!;
}

test("one holds it, the next is told who, and after letting go it is free", async () => {
  const letGo = await lockFolder(root);
  await expect(lockFolder(root)).rejects.toThrow(`another build (process ${process.pid}) is writing here`);
  await letGo();
  await (await lockFolder(root))();
  expect(await readdir(join(root, ".build"))).toEqual([]);
});

test("the lock of a dead process is taken over", async () => {
  await leave({ pid: await pidOfTheDead() });
  await (await lockFolder(root))();
});

test("so is that of a process whose number another one bears now", async () => {
  await leave({ pid: process.pid, born: "12345" });
  await (await lockFolder(root))();
});

test.each(["", "{", '{"pid":"x"}'])("so is one that was half written: %j", async (text) => {
  await leave(text);
  await (await lockFolder(root))();
});

test("the lock of another computer is believed, and its name given", async () => {
  await leave({ pid: 1, host: "laptop-of-anna" });
  await expect(lockFolder(root)).rejects.toThrow(/a build on laptop-of-anna \(process 1\).*if you know it is dead, delete .*lock-theirs$/);
});

test("of many who find a stale lock at once, exactly one gets it", async () => {
  await leave({ pid: await pidOfTheDead() });
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(root)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(FolderBusy);
  expect(await readdir(join(root, ".build"))).toEqual([expect.stringMatching(/^lock-/)]);
});
