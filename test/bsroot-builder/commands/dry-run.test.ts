/** What a build would do, told without doing it. */
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { dryRun } from "../../../bsroot-builder/commands/dry-run.ts";
import { planInWords } from "../../../bsroot-builder/commands/summary.ts";
import type { Artifact } from "../../../cluster/extension.ts";
import { makeImage, startOrigin } from "../../support/container-image.ts";
import { description, openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  shop.mirror.put("/large", "x".repeat(5000));
  shop.mirror.put("/small", "small");
  return () => shop.close();
});

const file = (name: string, more: Partial<Artifact> = {}): Artifact => ({
  path: `html/static/${name}`,
  url: `${shop.mirror.url}/${name}`,
  verify: { by: "first-use" },
  ...more,
});
const both = () => registryOf(() => [file("large"), file("small")]);
const screen = { write: (text: string) => void shop.said.push(text), isTTY: false, columns: 80 };
const plan = (registry = both(), options: object = {}) =>
  dryRun(
    shop.path("cluster-desc.yml"),
    { out: shop.path("bsroot"), jobs: 4, update: false, cache: shop.path("cache"), ...options },
    registry,
    {
      out: () => {},
      screen,
    },
  );

/** Every file of the workshop with its bytes. */
async function everything(): Promise<unknown> {
  const entries = (await readdir(shop.folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Promise.all(
    entries.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [
        path,
        createHash("sha256")
          .update(await readFile(path))
          .digest("hex"),
      ];
    }),
  );
}

test("asks how large everything is, fetches none of it and writes nothing", async () => {
  const before = await everything();
  const found = await plan();
  expect(found).toMatchObject({ kept: 0, bytes: 5005, unknown: 0, problems: [] });
  expect(found.files).toEqual([
    { path: "html/static/large", url: `${shop.mirror.url}/large`, how: "fetch", size: 5000, because: "it is new" },
    { path: "html/static/small", url: `${shop.mirror.url}/small`, how: "fetch", size: 5, because: "it is new" },
  ]);
  expect(shop.mirror.requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
  expect(await everything()).toEqual(before);
});

test("a bsroot that is not there is not made", async () => {
  expect(await plan(both(), { out: shop.path("no/where/bsroot") })).toMatchObject({ bytes: 5005 });
  expect(await readdir(shop.folder)).not.toContain("no");
});

test("tells apart what is there, what the cache has, and what must be fetched again, and asks nobody about pinned sizes", async () => {
  await shop.build(both(), { cache: shop.path("cache") });
  shop.mirror.requests.length = 0;
  expect(await plan()).toMatchObject({ kept: 2, files: [], bytes: 0 });
  await rm(shop.path("bsroot/html/static/large"));
  expect((await plan()).files).toEqual([
    expect.objectContaining({ path: "html/static/large", how: "reuse", size: 5000, because: "it is missing" }),
  ]);
  await rm(shop.path("cache"), { recursive: true });
  const before = await everything();
  const missing = await plan();
  expect(missing).toMatchObject({ kept: 1, bytes: 5000, files: [{ how: "fetch" }] });
  expect(shop.mirror.requests).toEqual([]);
  expect(await everything()).toEqual(before);
});

test("a size that the source does not tell is said to be unknown", async () => {
  shop.mirror.misbehave("/large", { chunked: true });
  const found = await plan();
  expect(found).toMatchObject({ bytes: 5, unknown: 1 });
  expect(planInWords(found)).toMatch(/^fetch html\/static\/large: size unknown: it is new \(http.*\/large\)$/m);
  expect(planInWords(found)).toMatch(
    /bsroot: 2 files to fetch, 5 bytes and 1 of unknown size, 0 from the cache, 0 kept, .* free on the disk\n$/,
  );
});

test("what would fail is told beside what would not: a missing file, a full disk, the network that --offline forbids", async () => {
  shop.mirror.remove("/small");
  expect((await plan()).problems).toEqual([expect.stringMatching(/^html\/static\/small: .*answers 404/)]);
  shop.mirror.put("/small", "small");
  expect((await plan(registryOf(() => [file("large", { size: 1e15 })]))).problems).toEqual([
    expect.stringMatching(/bsroot: needs 1.0 PB, and the disk has .* too little/),
  ]);
  expect((await plan(both(), { offline: true })).problems).toEqual([
    expect.stringMatching(/large: .*--offline forbids/),
    expect.stringMatching(/small: .*--offline forbids/),
  ]);
});

test("an image's manifests are read for the sizes of its layers, and not kept", async () => {
  const origin = await startOrigin(shop.path("origin"));
  onTestFinished(() => origin.close());
  const digest = makeImage(shop.path("image"), "pause", ["amd64"]);
  await origin.push(shop.path("image"), "pause:1");
  await shop.put(
    "cluster-desc.yml",
    description({ images: ["registry.k8s.io/pause:1"], mirrors: { "https://registry.k8s.io": origin.url } }),
  );
  const found = await plan(registryOf(() => []));
  expect(found.files).toHaveLength(4); // index, manifest, configuration, layer
  expect(found.unknown).toBe(0);
  expect(shop.said.join("")).toContain(`registry.k8s.io/pause:1: is ${digest}`);
  expect(await readdir(shop.path("bsroot"))).toEqual(["tls"]);
});
