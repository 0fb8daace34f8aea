import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { create } from "tar";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

describe("an archive made by hand", () => {
  const LINK = "2";
  const CHARACTER_DEVICE = "3";
  const DIRECTORY = "5";

  test.each([
    { holds: "a device", members: [header("wanted", { type: CHARACTER_DEVICE })], says: "has wanted as a CharacterDevice, not as a file" },
    { holds: "a folder", members: [header("wanted", { type: DIRECTORY })], says: "has wanted as a Directory, not as a file" },
    {
      holds: "a link out of it",
      members: [header("wanted", { type: LINK, to: "/etc/passwd" })],
      says: "has wanted as a SymbolicLink, not as a file",
    },
    {
      holds: "the file twice",
      members: [header("wanted", { size: 4 }), content("good"), header("./wanted", { size: 4 }), content("evil")],
      says: "has wanted in it twice",
    },
    {
      holds: "another archive, packed once more",
      members: [gzipSync(Buffer.concat([header("wanted", { size: 1e6 }), Buffer.alloc(1e6), Buffer.alloc(1024)]))],
      says: "cannot be unpacked",
    },
    {
      holds: "a file too large to be meant",
      members: [header("wanted", { size: 7e9 })],
      says: "has a wanted of 7000000000 bytes, which is too large to be meant",
    },
  ])("that holds $holds is refused, and nothing of it stays", async ({ members, says }) => {
    await writeFile(path("archive"), gzipSync(Buffer.concat([...members, Buffer.alloc(1024)])));
    await expect(take("wanted")).rejects.toThrow(says);
    expect(await readdir(path("out"))).toEqual([]);
  });

  test("whose other members lead out of it writes nothing there", async () => {
    const outside = [header("../evil", { size: 4 }), content("evil"), header("/tmp/evil", { size: 4 }), content("evil")];
    const link = header("out", { type: LINK, to: ".." });
    const through = [header("out/evil", { size: 4 }), content("evil")];
    const wanted = [header("wanted", { size: 4 }), content("good")];
    await writeFile(path("archive"), gzipSync(Buffer.concat([...outside, link, ...through, ...wanted, Buffer.alloc(1024)])));
    await take("wanted");
    expect((await readdir(folder, { recursive: true })).filter((name) => /evil|out\/out/.test(name))).toEqual([]);
    expect(await readFile(path("out/wanted"), "utf8")).toBe("good");
  });

  /** POSIX.1-1988; sizes of 8 GB and more would need another form. */
  function header(name: string, { type = "0", to = "", size = 0 }: { type?: string; to?: string; size?: number }): Buffer {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write("0000644\0", 100);
    block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
    block.write(`        ${type}${to}`, 148);
    block.write("ustar\x0000", 257);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return block;
  }

  function content(text: string): Buffer {
    return Buffer.concat([Buffer.from(text), Buffer.alloc(512 - text.length)]);
  }
});
