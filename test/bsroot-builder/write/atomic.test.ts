import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { placeAgain, writeWhole } from "../../../bsroot-builder/write/atomic.ts";
import { lookAt, Notes } from "../../../bsroot-builder/write/notes.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sextant-write-"));
});
afterEach(() => rm(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

test("a file is replaced whole, with the mode it must have whatever the umask", async () => {
  await writeFile(path("a"), "old");
  await chmod(path("a"), 0o666);
  const before = process.umask(0o077);
  await writeWhole(path("a"), "new", 0o644).finally(() => process.umask(before));
  expect([await readFile(path("a"), "utf8"), (await stat(path("a"))).mode & 0o777]).toEqual(["new", 0o644]);
  expect(await readdir(folder)).toEqual(["a"]);
});

test("a file that several write at a time is one of theirs, whole", async () => {
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(100_000));
  await Promise.all(texts.map((text) => writeWhole(path("a"), text)));
  expect(texts).toContain(await readFile(path("a"), "utf8"));
  expect(await readdir(folder)).toEqual(["a"]);
});

test("one that cannot be replaced leaves no draft behind", async () => {
  await writeWhole(path("a/b"), "file");
  await expect(writeWhole(path("a"), "not over a folder")).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["a"]);
});

test("a second name takes the place of what was there, also of itself", async () => {
  await writeFile(path("a"), "bytes");
  await writeFile(path("b"), "other");
  await placeAgain(path("a"), path("b"));
  await placeAgain(path("a"), path("b"));
  await placeAgain(path("a"), path("deep/er/c"));
  for (const name of ["b", "deep/er/c"]) expect(await readFile(path(name), "utf8")).toBe("bytes");
  expect(await readdir(folder)).toEqual(["a", "b", "deep"]);
});

test("notes are read back as they were, many set at once among them", async () => {
  const notes = await Notes.open(folder);
  const note = (size: number) => ({ size, mtimeMs: 1.5, sha256: "x", source: { size, mtimeMs: 2 } });
  await Promise.all(Array.from({ length: 50 }, (_, index) => notes.set(`path ${index}`, note(index))));
  await notes.save();
  const again = await Notes.open(folder);
  expect(again.paths()).toHaveLength(50);
  expect(again.get("path 49")).toEqual(note(49));
});

test.each(["", "[]", '{"a":5}', "{"])("notes that say %j are no notes", async (text) => {
  await writeWhole(path(".build/files.json"), text);
  expect((await Notes.open(folder)).paths()).toEqual([]);
});

test("a folder and a missing name are no files to look at", async () => {
  expect([await lookAt(folder), await lookAt(path("nothing"))]).toEqual([undefined, undefined]);
});
