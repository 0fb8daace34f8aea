/** What is read from the disk, how often, and what stays in memory when many fetch the same. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { HotFiles, tagOf, type Version } from "../../../bootstrapper/http/files.ts";

const folder = mkdtempSync(join(tmpdir(), "sextant-hot-"));
afterAll(() => rmSync(folder, { recursive: true }));

const BYTES = randomBytes(5 * (256 << 10) + 17);
const put = (name: string, bytes: Uint8Array): Version => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return versionOf(path);
};
const versionOf = (path: string): Version => ({ path, tag: tagOf(statSync(path)), size: statSync(path).size });
const openDescriptors = (path: string): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // the one that reads this folder
    }
  }).length;

test("a hundred machines that fetch one file read it from the disk once, and through one descriptor", async () => {
  const file = put("kernel", BYTES);
  const files = new HotFiles();
  const streams = Array.from({ length: 100 }, () => files.stream(file, 0, file.size));
  const fetched = await Promise.all(streams.map(buffer));
  expect(fetched.every((bytes) => bytes.equals(BYTES))).toBe(true);
  expect(files.reads).toBe(6);
  await expect.poll(() => openDescriptors(file.path)).toBe(0);
  expect((await buffer(files.stream(file, 0, file.size))).equals(BYTES)).toBe(true);
  expect(files.reads).toBe(6);
});

test("any part is those bytes, however little stays in memory", async () => {
  const file = put("initrd", BYTES);
  const files = new HotFiles(300 << 10);
  const place = fc.integer({ min: 0, max: BYTES.length });
  await fc.assert(
    fc.asyncProperty(place, place, async (start, end) => {
      expect((await buffer(files.stream(file, start, end))).equals(BYTES.subarray(start, end))).toBe(true);
    }),
    { numRuns: 50 },
  );
  expect(files.reads).toBeGreaterThan(6);
});

test("a download goes on with its own version when the file is replaced, and whoever asks then gets the new one", async () => {
  const file = put("image", BYTES);
  const files = new HotFiles(0);
  const stream = files.stream(file, 0, file.size);
  const parts: Buffer[] = [];
  for await (const part of stream) {
    parts.push(part);
    if (parts.length > 1) continue;
    writeFileSync(`${file.path}.new`, "another");
    renameSync(`${file.path}.new`, file.path);
  }
  expect(Buffer.concat(parts).equals(BYTES)).toBe(true);
  expect((await buffer(files.stream(versionOf(file.path), 0, 7))).toString()).toBe("another");
  await expect(buffer(files.stream(file, 0, file.size))).rejects.toThrow("was replaced while it was asked for");
});

test("a file cut short under a download breaks it off instead of padding it, and is not remembered", async () => {
  const file = put("short", BYTES);
  const files = new HotFiles();
  const stream = files.stream(file, 0, file.size);
  await expect(
    (async () => {
      for await (const _ of stream) writeFileSync(file.path, "");
    })(),
  ).rejects.toThrow("ended while it was sent");
  await expect.poll(() => openDescriptors(file.path)).toBe(0);
});
