/** A bsroot carried to a server in pieces: whole, as what is new, and with everything that can go wrong on the way. */
import { execFileSync } from "node:child_process";
import { cp, link, lstat, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { parseBundle } from "../../../bsroot-builder/bundle/bundle-file.ts";
import { Failure } from "../../../bsroot-builder/commands/failure.ts";
import { type Packed, pack } from "../../../bsroot-builder/commands/pack.ts";
import { rollback, unpack } from "../../../bsroot-builder/commands/unpack.ts";
import { verify } from "../../../bsroot-builder/commands/verify.ts";
import { openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

const SPLIT = 1_000_000;
let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  await shop.put("small", "small");
  await shop.put("image", Buffer.alloc(2_500_000, "first image "));
  await build("image", "small");
  expect((await stat(shop.path("bsroot/tftpboot/small"))).nlink).toBe(2);
  return () => shop.close();
});

async function build(...names: readonly string[]): Promise<void> {
  await shop.build(
    registryOf(() =>
      // Small ones under two names, as loaders are: on the disk they are one file.
      names.flatMap((name) =>
        [`html/static/os/${name}`, ...(name === "image" ? [] : [`tftpboot/${name}`])].map((path) => ({
          path,
          url: `file://${shop.path(name)}`,
          verify: { by: "first-use" } as const,
        })),
      ),
    ),
  );
}
const packed = (options: { since?: string; out?: string; split?: number } = {}): Promise<Packed> =>
  pack(shop.path("bsroot"), { out: shop.path("stick"), split: SPLIT, ...options });
const server = () => shop.path("server/bsroot");
async function problems(work: Promise<unknown>): Promise<readonly string[]> {
  const outcome = await work.catch((error) => error);
  if (outcome instanceof Failure) return outcome.problems;
  throw outcome instanceof Error ? outcome : new Error("it was expected to fail");
}
/** Everything at the server but the carried bundle: names, and where links lead. */
async function atServer(): Promise<readonly string[]> {
  const entries = await readdir(shop.path("server"), { withFileTypes: true }).catch(() => []);
  return Promise.all(
    entries.map(async (entry) =>
      entry.isSymbolicLink() ? `${entry.name} -> ${await readlink(join(entry.parentPath, entry.name))}` : entry.name,
    ),
  ).then((names) => names.sort());
}

test("a bsroot that was carried in pieces is the same bsroot, secrets closed, and other people's tar can read it", async () => {
  const { bundle, parts, files, of } = await packed();
  expect(parts.length).toBe(3);
  for (const part of parts) expect((await stat(shop.path("stick", part))).size).toBeLessThanOrEqual(SPLIT);
  expect(files).toBe(of);
  expect(await unpack(bundle, server())).toEqual({ files: of, kept: 0 });
  expect((await verify(server())).warnings).toEqual([]);
  expect(await readFile(join(server(), "manifest.json"), "utf8")).toBe(await shop.read("bsroot/manifest.json"));

  await mkdir(shop.path("by-hand"));
  execFileSync("sh", ["-c", `cat demo-*.tar.* | tar -x -C ${shop.path("by-hand")}`], { cwd: shop.path("stick") });
  expect(await readFile(shop.path("by-hand/html/static/os/image"))).toEqual(await readFile(shop.path("image")));
});

test("the same bsroot makes the same bundle", async () => {
  const first = await packed();
  const second = await packed({ out: shop.path("other") });
  expect(await readFile(second.bundle, "utf8")).toBe(await readFile(first.bundle, "utf8"));
});

describe("what is new since an earlier bsroot", () => {
  let old: string;
  beforeEach(async () => {
    await unpack((await packed()).bundle, server());
    old = shop.path("old.json");
    await cp(shop.path("bsroot/manifest.json"), old);
    await shop.put("added", "added");
    await build("image", "small", "added");
  });

  test("is small, and becomes the whole with what the server has; the version before is kept", async () => {
    const { bundle, bytes, files } = await packed({ since: old, out: shop.path("delta") });
    expect(bytes).toBeLessThan(100_000);
    expect(files).toBe(3); // the added file under its two names, and the lock that pins it
    const { kept, files: all } = await unpack(bundle, server());
    expect(kept).toBe(all - files);
    expect(await readFile(join(server(), "html/static/os/added"), "utf8")).toBe("added");
    const there = await atServer();
    expect(there).toHaveLength(4);
    expect(there.slice(0, 1)).toEqual([expect.stringMatching(/^bsroot -> bsroot-[0-9a-f]{12}$/)]);
  });

  test("can be taken back, and forth again", async () => {
    const { bundle } = await packed({ since: old, out: shop.path("delta") });
    await unpack(bundle, server());
    const now = await readlink(server());
    await rollback(server());
    expect(await readFile(join(server(), "manifest.json"), "utf8")).toBe(await readFile(old, "utf8"));
    expect((await verify(server())).warnings).toEqual([]);
    await rollback(server());
    expect(await readlink(server())).toBe(now);
  });

  test("is refused on a server that has another version, which stays as it is", async () => {
    const { bundle } = await packed({ since: old, out: shop.path("delta") });
    await rm(shop.path("server"), { recursive: true });
    expect(await problems(unpack(bundle, server()))).toEqual([
      expect.stringMatching(
        /holds what is new since version [0-9a-f]{12}, and there is no bsroot here; pack without --since, or since the version that is here$/,
      ),
    ]);
    expect(await atServer()).toEqual([]);
  });

  test("is refused twice", async () => {
    const { bundle } = await packed({ since: old, out: shop.path("delta") });
    await unpack(bundle, server());
    expect(await problems(unpack(bundle, server()))).toEqual([`${server()}: is this version already`]);
  });

  test("is told when the server's own copy is spoilt, and nothing changes", async () => {
    const { bundle } = await packed({ since: old, out: shop.path("delta") });
    const image = join(server(), "html/static/os/image");
    await rm(image);
    await writeFile(image, "spoilt");
    const before = await atServer();
    expect(await problems(unpack(bundle, server()))).toEqual(["html/static/os/image: has 6 bytes instead of 2500000"]);
    expect(await atServer()).toEqual(before);
  });
});

test("only the version before is kept", async () => {
  for (const round of [1, 2, 3]) {
    await shop.put("small", `small ${round}`);
    await build("image", "small");
    await unpack((await packed({ out: shop.path(`stick-${round}`) })).bundle, server());
  }
  const there = await atServer();
  expect(there).toHaveLength(4); // the name, the one before, and their two folders
});

test("a folder that was once copied to the server becomes the version before", async () => {
  await cp(shop.path("bsroot"), server(), { recursive: true });
  await rm(join(server(), ".build"), { recursive: true });
  await shop.put("small", "smaller");
  await build("image", "small");
  await unpack((await packed()).bundle, server());
  expect((await lstat(server())).isSymbolicLink()).toBe(true);
  await rollback(server());
  expect(await readFile(join(server(), "html/static/os/small"), "utf8")).toBe("small");
});

describe("nothing changes at the server when", () => {
  let made: Packed;
  beforeEach(async () => {
    made = await packed();
  });
  const part = (number: number) => shop.path("stick", made.parts[number]!);

  test.each([
    { when: "a part is missing", spoil: () => rm(part(1)), says: /tar\.001: is missing$/ },
    { when: "a part is cut", spoil: () => truncate(part(2), 10), says: /tar\.002: has 10 bytes instead of \d+; copy it again$/ },
    {
      when: "a part is spoilt",
      spoil: async () => {
        const bytes = await readFile(part(1));
        bytes[500_000]! ^= 1;
        await writeFile(part(1), bytes);
      },
      says: /tar\.001: has other bytes than were packed; copy it again$/,
    },
    {
      when: "the bundle's file is spoilt",
      spoil: () => writeFile(made.bundle, "{}"),
      says: /name the .json file that bsroot-builder pack wrote/,
    },
  ])("$when", async ({ spoil, says }) => {
    await spoil();
    expect(await problems(unpack(made.bundle, server()))).toEqual([expect.stringMatching(says)]);
    expect(await atServer()).toEqual([]);
  });

  /** An archive of somebody who knows how bundles are hashed. */
  async function forge(add: (folder: string) => Promise<void>, names: readonly string[]): Promise<string> {
    const { createHash } = await import("node:crypto");
    await cp(shop.path("bsroot"), shop.path("forged"), { recursive: true });
    await add(shop.path("forged"));
    const archive = execFileSync("tar", ["-cP", "manifest.json", ...names], { cwd: shop.path("forged"), maxBuffer: 1 << 26 });
    const sha256 = createHash("sha256").update(archive).digest("hex");
    await mkdir(shop.path("bad"));
    await writeFile(shop.path("bad/x.tar.000"), archive);
    const { manifest } = parseBundle(await readFile(made.bundle, "utf8"));
    const parts = [{ name: "x.tar.000", size: archive.length, sha256 }];
    await writeFile(shop.path("bad/x.json"), JSON.stringify({ version: 1, cluster: "demo", manifest, parts }));
    return shop.path("bad/x.json");
  }

  test("a part leads out of the folder", async () => {
    await writeFile(shop.path("outside"), "outside");
    const bundle = await forge(async () => {}, ["../outside"]);
    expect((await problems(unpack(bundle, server()))).join()).toMatch(/\.\.\/outside/);
    expect(await atServer()).toEqual([]);
  });

  test.each([
    { kind: "symbolic", make: (folder: string) => symlink("/etc/passwd", join(folder, "html/link")) },
    { kind: "hard", make: (folder: string) => link(join(folder, "manifest.json"), join(folder, "html/link")) },
  ])("there is a $kind link in it", async ({ make }) => {
    const bundle = await forge(make, ["html/link"]);
    expect((await problems(unpack(bundle, server()))).join()).toMatch(
      /html\/link: is in the bundle as a (Symbolic)?Link, which no bsroot has/,
    );
    expect(await atServer()).toEqual([]);
  });
});

test("a bsroot that is not what its manifest says is not packed", async () => {
  await rename(shop.path("bsroot/html/static/os/small"), shop.path("elsewhere"));
  expect(await problems(packed())).toEqual(["html/static/os/small: is missing"]);
});

test("without an earlier version there is nothing to go back to", async () => {
  await unpack((await packed()).bundle, server());
  expect(await problems(rollback(server()))).toEqual([expect.stringContaining("there is no earlier version beside it")]);
});
