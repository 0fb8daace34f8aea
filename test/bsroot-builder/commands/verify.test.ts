import { appendFile, chmod, cp, link, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Failure } from "../../../bsroot-builder/commands/failure.ts";
import { verify } from "../../../bsroot-builder/commands/verify.ts";
import { openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  await shop.put("image", "bytes");
  await shop.build(registryOf(() => [{ path: "html/static/os/image", url: `file://${shop.path("image")}`, verify: { by: "first-use" } }]));
});
afterEach(() => shop.close());

const at = (path: string) => shop.path("bsroot", path);
async function outcome(folder = shop.path("bsroot")): Promise<{ problems: readonly string[]; warnings: readonly string[] }> {
  try {
    return { problems: [], warnings: (await verify(folder)).warnings };
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

test("a bsroot as it was built is good, and so is a copy elsewhere", async () => {
  await cp(shop.path("bsroot"), shop.path("copy"), { recursive: true });
  for (const path of ["tls", "tls/kubernetes", "tls/machines"]) await chmod(shop.path("copy", path), 0o700);
  await rm(shop.path("copy/.build"), { recursive: true });
  await rename(shop.path("bsroot"), shop.path("moved"));
  expect(await outcome(shop.path("copy"))).toEqual({ problems: [], warnings: [] });
});

describe("what differs is named:", () => {
  const IMAGE = "html/static/os/image";
  test.each([
    { when: "a missing file", spoil: () => rm(at(IMAGE)), says: `${IMAGE}: is missing` },
    { when: "one byte more", spoil: () => appendFile(at(IMAGE), "x"), says: `${IMAGE}: has 6 bytes instead of 5` },
    { when: "other bytes", spoil: () => writeFile(at(IMAGE), "Bytes"), says: `${IMAGE}: has other bytes than the manifest says` },
    {
      when: "a changed description",
      spoil: () => appendFile(at("config/cluster-desc.yml"), "#"),
      says: /^config\/cluster-desc.yml: has \d+ bytes instead/,
    },
    {
      when: "a readable key",
      spoil: () => chmod(at("tls/ca-key.pem"), 0o640),
      says: "tls/ca-key.pem: is a secret that others may read; run chmod 600 on it",
    },
    {
      when: "an open folder",
      spoil: () => chmod(at("tls/machines"), 0o755),
      says: "tls/machines: is a folder of secrets that others may enter; run chmod 700 on it",
    },
    {
      when: "a folder where a file was",
      spoil: async () => {
        await rm(at(IMAGE));
        await mkdir(at(IMAGE));
      },
      says: `${IMAGE}: is not a file`,
    },
    {
      when: "a link that nobody listed",
      spoil: () => symlink("/etc/passwd", at("html/static/x")),
      says: "html/static/x: is a link; a bsroot holds files only",
    },
  ])("$when", async ({ spoil, says }) => {
    await spoil();
    const { problems } = await outcome();
    expect(problems).toEqual([typeof says === "string" ? says : expect.stringMatching(says)]);
  });

  test("a link to the right bytes outside", async () => {
    await rename(at("html/static/os/image"), shop.path("outside"));
    await symlink(shop.path("outside"), at("html/static/os/image"));
    expect((await outcome()).problems).toEqual([
      "html/static/os/image: is a link; a bsroot holds files only",
      "html/static/os/image: is not a file",
    ]);
  });

  test("a folder that became a link to the right files outside", async () => {
    await rename(at("html/static"), shop.path("outside"));
    await symlink(shop.path("outside"), at("html/static"));
    expect((await outcome()).problems).toEqual([
      expect.stringMatching(/^html\/static\/os\/image: leads to .*outside\/os\/image, through a link$/),
      "html/static: is a link; a bsroot holds files only",
    ]);
  });

  test("every one of several", async () => {
    await rm(at("tls/api-token"));
    await rm(at("html/static/os/image"));
    expect((await outcome()).problems).toEqual(["html/static/os/image: is missing", "tls/api-token: is missing"]);
  });
});

test("a file that no manifest speaks of is a warning", async () => {
  await shop.put("bsroot/html/static/extra", "x");
  expect(await outcome()).toEqual({ problems: [], warnings: ["html/static/extra: is not in manifest.json"] });
});

test("a hard link is a file like any other", async () => {
  await link(at("html/static/os/image"), shop.path("elsewhere"));
  expect((await outcome()).problems).toEqual([]);
});

test.each([
  {
    when: "there is none",
    spoil: () => rm(at("manifest.json")),
    says: /manifest.json: is missing; name a folder that bsroot-builder build has finished/,
  },
  {
    when: "it is cut short",
    spoil: async () => writeFile(at("manifest.json"), (await readFile(at("manifest.json"))).subarray(0, 50)),
    says: /manifest.json: .*JSON/,
  },
  {
    when: "it speaks of files outside",
    spoil: () =>
      writeFile(
        at("manifest.json"),
        JSON.stringify({ version: 1, cluster: "x", files: [{ path: "../../etc/passwd", size: 1, sha256: "0".repeat(64) }] }),
      ),
    says: /manifest.json: files.0.path: is no plain path inside the bsroot/,
  },
])("without a sound manifest nothing is verified: $when", async ({ spoil, says }) => {
  await spoil();
  expect((await outcome()).problems).toEqual([expect.stringMatching(says)]);
});
