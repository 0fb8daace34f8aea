import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeMembers } from "../../../bsroot-builder/download/archive.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sextant-tar-"));
  await mkdir(path("in/boot"), { recursive: true });
  await mkdir(path("out"));
  await writeFile(path("in/boot/a"), "a".repeat(200_000));
  await writeFile(path("in/boot/b"), "b");
  await symlink("/etc/passwd", path("in/boot/link"));
  await create({ gzip: true, file: path("archive"), cwd: path("in") }, ["./boot"]);
});
afterEach(() => rm(folder, { recursive: true }));
const path = (...names: string[]) => join(folder, ...names);

const take = async (...members: string[]) => {
  const targets = new Map(members.map((member) => [member, path("out", member.replaceAll("/", "-"))]));
  const parts = await takeMembers(path("archive"), targets, () => {});
  for (const [member, part] of parts) {
    await part.complete();
    await part.place(targets.get(member)!);
  }
};

test("takes the members that were asked for, whole, and nothing else", async () => {
  await take("boot/a", "boot/b");
  expect(await readdir(path("out"))).toEqual(["boot-a", "boot-b"]);
  expect((await readFile(path("out/boot-a"), "utf8")).length).toBe(200_000);
});

test.each([
  { when: "a member is not in it", members: ["boot/a", "boot/c"], says: "has no boot/c in it" },
  { when: "a member is a link", members: ["boot/link"], says: "has ./boot/link as a SymbolicLink, not as a file" },
])("leaves nothing when $when", async ({ members, says }) => {
  await expect(take(...members)).rejects.toThrow(says);
  expect(await readdir(path("out"))).toEqual([]);
});

test("leaves nothing when the archive is cut short", async () => {
  const whole = await readFile(path("archive"));
  for (const length of [0, 10, whole.length >> 1, whole.length - 5]) {
    await writeFile(path("archive"), whole.subarray(0, length));
    await expect(take("boot/a", "boot/b")).rejects.toThrow(/cannot be unpacked|has no|ends inside/);
    expect(await readdir(path("out"))).toEqual([]);
  }
});

test("leaves nothing when the caller refuses a member's hash", async () => {
  const refuse = () => {
    throw new Error("not this one");
  };
  await expect(takeMembers(path("archive"), new Map([["boot/b", path("out/b")]]), refuse)).rejects.toThrow("not this one");
  expect(await readdir(path("out"))).toEqual([]);
});
