import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Content, type TftpFiles, tftpFiles } from "../../../bootstrapper/tftp/files.ts";

const KEEP = { each: 1000, all: 2500 };
let root: string;
let files: TftpFiles;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "sextant-files-"));
  files = tftpFiles(root, KEEP);
});
afterAll(() => rm(root, { recursive: true }));

async function open(name: string): Promise<Content> {
  const found = await files.open(name);
  if (!("content" in found)) throw new Error(found.because);
  return found.content;
}
const put = (name: string, size: number, fill = 1): Promise<void> => writeFile(join(root, name), Buffer.alloc(size, fill));
const bytesOf = async (content: Content): Promise<Uint8Array> => content.read(0, content.size);

test("a small file is read once and kept, until it changes", async () => {
  await put("small", 500);
  const first = await open("small");
  expect((await open("small")).read(0, 500)).toEqual(first.read(0, 500));
  await put("small", 600, 2);
  expect(await bytesOf(await open("small"))).toEqual(Buffer.alloc(600, 2));
  expect(await bytesOf(first)).toEqual(Buffer.alloc(500, 1));
});

test("many who ask for one small file at once share one copy", async () => {
  await put("shared", 900);
  const opened = await Promise.all(Array.from({ length: 50 }, () => open("shared")));
  const buffers = new Set(opened.map((content) => (content.read(0, 900) as Uint8Array).buffer));
  expect(buffers.size).toBe(1);
});

test("what is kept is bounded: the least recently used goes first", async () => {
  for (const name of ["a", "b", "c"]) await put(name, 1000);
  const copy = async (name: string): Promise<ArrayBufferLike> => ((await open(name)).read(0, 1000) as Uint8Array).buffer;
  const [a, b] = [await copy("a"), await copy("b")];
  expect(await copy("a")).toBe(a);
  await copy("c");
  expect(await copy("a")).toBe(a);
  expect(await copy("b")).not.toBe(b);
});

test("a large file is read where it lies, by all through one descriptor, until the last has closed it", async () => {
  await put("large", 5000, 7);
  const [one, other] = [await open("large"), await open("large")];
  expect(await one.read(4990, 10)).toEqual(Buffer.alloc(10, 7));
  one.close();
  expect(await other.read(0, 5)).toEqual(Buffer.alloc(5, 7));
  other.close();
  await expect(other.read(0, 5)).rejects.toThrow();
});

test("a large file that shrinks while it is sent is noticed: a short block would look like the end", async () => {
  await put("shrinking", 5000);
  const content = await open("shrinking");
  await truncate(join(root, "shrinking"), 3000);
  await expect(content.read(2500, 1000)).rejects.toThrow("the file ended at byte 3000");
  content.close();
  await appendFile(join(root, "shrinking"), "x");
  expect((await open("shrinking")).size).toBe(3001);
});

test("a FIFO is refused at once", async () => {
  const { execFileSync } = await import("node:child_process");
  execFileSync("mkfifo", [join(root, "fifo")]);
  expect(await files.open("fifo")).toMatchObject({ code: 2, because: "it is not a regular file" });
});

test("a root that is not there is an error of ours, not the client's", async () => {
  await expect(tftpFiles(join(root, "gone")).open("x")).rejects.toThrow("ENOENT");
});
