import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, readdir, readlink, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Content } from "../../../bootstrapper/tftp/content.ts";
import { type TftpFiles, tftpFiles } from "../../../bootstrapper/tftp/files.ts";

/** What a piece of less than 64 KiB counts as is 64 KiB. */
const PIECE = 1 << 16;
let root: string;
let files: TftpFiles;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sextant-files-"));
  files = tftpFiles({ "": root }, { limits: { piece: PIECE, all: 3 * PIECE }, trust: 0 });
});
afterEach(async () => {
  await files.close();
  await rm(root, { recursive: true });
});

async function open(name: string, from: TftpFiles = files): Promise<Content> {
  const found = await from.open(name);
  if (!("content" in found)) throw new Error(found.because);
  return found.content;
}
const put = (name: string, size: number, fill = 1): Promise<void> => writeFile(join(root, name), Buffer.alloc(size, fill));

async function bytesOf(content: Content): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.size; ) {
    if (!content.at(at)) await content.load(at);
    const piece = content.at(at)!;
    parts.push(piece.bytes);
    at = piece.start + piece.bytes.length;
  }
  return Buffer.concat(parts);
}
const openHere = async (): Promise<string[]> => {
  const links = await Promise.all((await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return links.filter((link) => link.startsWith(root));
};

test("a file is read once for all who fetch it, piece by piece", async () => {
  await put("shared", PIECE + 10, 7);
  const opened = await Promise.all(Array.from({ length: 50 }, () => open("shared")));
  await Promise.all(opened.map((content) => content.load(0)));
  expect(new Set(opened.map((content) => content.at(0)!.bytes)).size).toBe(1);
  await opened[0]!.load(PIECE);
  expect(opened[0]!.at(PIECE)).toMatchObject({ start: PIECE, bytes: Buffer.alloc(10, 7) });
  expect(await openHere()).toHaveLength(1);
  for (const each of opened) each.close();
});

test("a file that changed is another file; who had begun gets the one it began with", async () => {
  await put("loader", 500);
  const first = await open("loader");
  await put("new", 600, 2);
  await rename(join(root, "new"), join(root, "loader"));
  const second = await open("loader");
  expect(await bytesOf(second)).toEqual(Buffer.alloc(600, 2));
  expect(await bytesOf(first)).toEqual(Buffer.alloc(500, 1));
  first.close();
  second.close();
});

test("what is in memory is bounded: the piece unused for longest goes first", async () => {
  await put("a", PIECE * 2);
  await put("b", PIECE * 2);
  const [a, b] = [await open("a"), await open("b")];
  await bytesOf(a);
  a.at(0); // used again
  await bytesOf(b);
  expect([a.at(0), a.at(PIECE), b.at(0), b.at(PIECE)].map((piece) => piece !== undefined)).toEqual([true, false, true, true]);
  expect((await bytesOf(a)).length).toBe(PIECE * 2);
});

test("many readers of a file larger than the memory for it all get it", async () => {
  const bytes = Buffer.from(Uint8Array.from({ length: PIECE * 8 + 5 }, (_, i) => (i * 7 + (i >> 8)) % 256));
  await writeFile(join(root, "large"), bytes);
  const all = await Promise.all(Array.from({ length: 20 }, async () => bytesOf(await open("large"))));
  expect(all.every((one) => one.equals(bytes))).toBe(true);
});

test("a file that shrinks while it is sent is noticed: a short block would look like the end", async () => {
  await put("shrinking", 5000);
  const content = await open("shrinking");
  await truncate(join(root, "shrinking"), 3000);
  await expect(content.load(2500)).rejects.toThrow("the file ended at byte 3000");
  content.close();
  await appendFile(join(root, "shrinking"), "x");
  expect((await open("shrinking")).size).toBe(3001);
});

test("for a moment a name leads where it led before, without a look at the disk", async () => {
  const trusting = tftpFiles({ "": root }, { trust: 60_000 });
  await put("loader", 10);
  expect(trusting.open("loader")).toBeInstanceOf(Promise);
  (await open("loader", trusting)).close();
  expect(trusting.open("loader")).toMatchObject({ content: { size: 10 } });
  await expect(open("missing", trusting)).rejects.toThrow("no such file");
  expect(trusting.open("missing")).toMatchObject({ code: 1 });
  await trusting.close();
});

test("names beyond number are not all remembered, and their files not all held open", async () => {
  for (let each = 0; each < 300; each++) await put(`${each}`, 1);
  for (let each = 0; each < 300; each++) (await open(`${each}`)).close();
  expect((await openHere()).length).toBeLessThanOrEqual(256);
});

test("a folder of its own may be served below a name, and nothing leads from one folder to the other", async () => {
  const other = await mkdtemp(join(tmpdir(), "sextant-static-"));
  await writeFile(join(other, "vmlinuz"), "kernel");
  const both = tftpFiles({ "": root, static: other });
  expect((await bytesOf(await open("static/vmlinuz", both))).toString()).toBe("kernel");
  expect((await bytesOf(await open("/static//vmlinuz", both))).toString()).toBe("kernel");
  await expect(open("static/../x", both)).rejects.toThrow("climbs out");
  await expect(open("static", both)).rejects.toThrow("no such file");
  await both.close();
  await rm(other, { recursive: true });
});

test("a FIFO is refused at once", async () => {
  execFileSync("mkfifo", [join(root, "fifo")]);
  expect(await files.open("fifo")).toMatchObject({ code: 2, because: "it is not a regular file" });
});

test("a root that is not there is an error of ours, not the client's", async () => {
  await expect(tftpFiles({ "": join(root, "gone") }).open("x")).rejects.toThrow("ENOENT");
});
