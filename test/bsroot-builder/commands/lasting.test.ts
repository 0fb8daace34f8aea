/** Builds that may not move: locked, offline, no faster than allowed; and finding out, then allowing, what is newer. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { Failure } from "../../../bsroot-builder/commands/failure.ts";
import { outdated, update } from "../../../bsroot-builder/commands/outdated.ts";
import { DownloadError } from "../../../bsroot-builder/download/error.ts";
import type { Opened } from "../../../bsroot-builder/download/source.ts";
import { offline, polite, throttled } from "../../../bsroot-builder/download/ways.ts";
import { description, openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

const LATEST = "flatcar/stable/amd64";
let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  shop.mirror.put("/version", "1.0\n");
  shop.mirror.put("/1.0/image", "first");
  shop.mirror.put("/2.0/image", "second");
  await shop.put("cluster-desc.yml", description({ os: "{ target: flatcar }" }));
  return () => shop.close();
});
const registry = () =>
  registryOf(
    (version) => [{ path: `html/static/${version}/image`, url: `${shop.mirror.url}/${version}/image`, verify: { by: "first-use" } }],
    {
      url: `${shop.mirror.url}/version`,
      read: (text) => text.trim(),
    },
  );
const file = () => shop.path("cluster-desc.yml");
async function problems(work: Promise<unknown>): Promise<readonly string[]> {
  const outcome = await work.catch((error) => error);
  if (outcome instanceof Failure) return outcome.problems;
  throw outcome instanceof Error ? outcome : new Error("it was expected to fail");
}

describe("build --locked", () => {
  test("asks nothing and builds what the lock pins, on another machine too", async () => {
    await shop.build(registry());
    shop.mirror.put("/version", "2.0\n");
    await rm(shop.path("bsroot/html"), { recursive: true });
    shop.mirror.requests.length = 0;
    const { fetched } = await shop.build(registry(), { locked: true });
    expect(fetched).toEqual(["html/static/1.0/image"]);
    expect(shop.mirror.requests.map(({ path }) => path)).toEqual(["/1.0/image"]);
  });

  test("refuses a name that was never looked up, before it asks anybody", async () => {
    expect(await shop.failures(registry(), { locked: true })).toEqual([
      `${LATEST}: sextant.lock does not pin what it is; build without --locked, look at what changed in sextant.lock, and keep it`,
    ]);
    expect(shop.mirror.requests).toEqual([]);
  });

  test("refuses a file that the lock does not know, and an image", async () => {
    await shop.build(registry());
    const more = registryOf(() => [{ path: "html/static/more", url: `${shop.mirror.url}/more`, verify: { by: "first-use" } }]);
    await shop.put("cluster-desc.yml", description({ os: "{ target: flatcar, version: 4593.2.5 }" }));
    expect(await shop.failures(more, { locked: true })).toEqual([
      expect.stringContaining("html/static/more: sextant.lock does not pin it"),
    ]);
    await shop.put("cluster-desc.yml", description({ images: ["quay.io/a/b:1"] }));
    expect(await shop.failures(more, { locked: true })).toEqual([
      expect.stringContaining("quay.io/a/b:1: sextant.lock does not pin what it is"),
    ]);
  });

  test("refuses other bytes than those that are pinned", async () => {
    await shop.build(registry());
    shop.mirror.put("/1.0/image", "other");
    await rm(shop.path("bsroot/html"), { recursive: true });
    expect(await shop.failures(registry(), { locked: true })).toEqual([expect.stringContaining("but sextant.lock says")]);
  });
});

describe("build --offline", () => {
  test("builds from the cache of an earlier build", async () => {
    const cache = shop.path("cache");
    await shop.build(registry(), { cache });
    await rm(shop.path("bsroot/html"), { recursive: true });
    shop.mirror.requests.length = 0;
    const { reused } = await shop.build(registry(), { cache, offline: true });
    expect(reused).toEqual(["html/static/1.0/image"]);
    expect(shop.mirror.requests).toEqual([]);
  });

  test("names what it would have had to fetch", async () => {
    await shop.build(registry());
    await rm(shop.path("bsroot/html"), { recursive: true });
    expect(await shop.failures(registry(), { offline: true })).toEqual([
      `html/static/1.0/image: ${shop.mirror.url}/1.0/image: is not here, and --offline forbids to fetch it; build once without, or name a --cache that has it`,
    ]);
  });
});

describe("ways", () => {
  const opened = (chunks: readonly number[]): Opened => ({
    offset: 0,
    body: (async function* () {
      for (const size of chunks) yield new Uint8Array(size);
    })(),
    close: () => {},
  });

  test("a limit holds for all downloads together, whatever they are cut into", async () => {
    let clock = 0;
    const sleep = async (time: number): Promise<void> => {
      clock += time;
    };
    const open = throttled(
      async () => opened([500, 1500, 1000]),
      1000,
      sleep,
      () => clock,
    );
    for (const url of ["http://a/", "http://b/"]) for await (const _ of (await open({ url, offset: 0 })).body);
    expect(clock).toBe(5000); // of 6000 bytes; the last chunk of 1000 has just begun
  });

  test("a host that asks one download for patience is left alone by all, and others are not", async () => {
    let clock = 0;
    const asked: string[] = [];
    const open = polite(
      async ({ url }) => {
        asked.push(`${clock} ${url}`);
        if (asked.length === 1) throw new DownloadError("answers 429", { again: true, after: 3000 });
        return opened([]);
      },
      async (time) => {
        clock += time;
      },
      () => clock,
    );
    await expect(open({ url: "http://a/1", offset: 0 })).rejects.toThrow("429");
    await open({ url: "http://b/1", offset: 0 });
    await open({ url: "http://a/2", offset: 0 });
    expect(asked).toEqual(["0 http://a/1", "0 http://b/1", "3000 http://a/2"]);
  });

  test("files on this machine know no limit", async () => {
    const open = throttled(
      async () => opened([5000]),
      1,
      () => Promise.reject(new Error("slept")),
      () => 0,
    );
    let bytes = 0;
    for await (const chunk of (await open({ url: "file:///x", offset: 0 })).body) bytes += chunk.length;
    expect(bytes).toBe(5000);
    expect((await offline(open)({ url: "file:///x", offset: 0 })).offset).toBe(0);
  });
});

describe("outdated", () => {
  test("says what is newer than the lock, and update lets the next build take it", async () => {
    await shop.build(registry());
    expect(await outdated(file(), registry())).toEqual({ newer: [], asked: 1, failures: [] });
    shop.mirror.put("/version", "2.0\n");
    expect((await outdated(file(), registry())).newer).toEqual([{ name: LATEST, pinned: "1.0", now: "2.0" }]);
    expect((await shop.lock()).versions).toEqual({ [LATEST]: "1.0" });

    await update(file(), [LATEST]);
    const { fetched } = await shop.build(registry());
    expect(fetched).toEqual(["html/static/2.0/image"]);
    expect(
      createHash("sha256")
        .update(await shop.read("bsroot/html/static/2.0/image"))
        .digest("hex"),
    ).toBe((await shop.lock()).artifacts["html/static/2.0/image"]?.sha256);
  });

  test("names a source that does not answer, and goes on with the others", async () => {
    shop.mirror.remove("/version");
    const { failures, newer } = await outdated(file(), registry());
    expect([newer, failures]).toEqual([[], [expect.stringMatching(/^flatcar\/stable\/amd64: .*answers 404/)]]);
  });

  test("update refuses a name that is not pinned, and changes nothing", async () => {
    await shop.build(registry());
    const before = await shop.read("sextant.lock");
    expect(await problems(update(file(), [LATEST, "nginx"]))).toEqual([
      `nginx: is not pinned in sextant.lock; what moves there: ${LATEST}`,
    ]);
    expect(await shop.read("sextant.lock")).toBe(before);
  });
});
