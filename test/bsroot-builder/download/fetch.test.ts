import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FetchJob, fetchPart } from "../../../bsroot-builder/download/fetch.ts";
import { opener } from "../../../bsroot-builder/download/source.ts";
import { Space } from "../../../bsroot-builder/download/space.ts";
import { Web } from "../../../bsroot-builder/download/web.ts";
import { type Mirror, startMirror } from "../../support/mirror.ts";

const image = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7 + (at >> 8)) & 255));
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const REST = /^bytes=[1-9]\d*-$/;

let folder: string;
let mirror: Mirror;
let web: Web;
let pauses: number[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sextant-fetch-"));
  mirror = await startMirror();
  web = new Web({}, 5_000);
  pauses = [];
});
afterEach(async () => {
  web.close();
  await mirror.close();
  await rm(folder, { recursive: true });
});

const target = () => join(folder, "image");
const part = () => `${target()}.part`;

async function fetch(job: Partial<FetchJob> = {}, free = 1e12) {
  const space = new Space(async () => free);
  const tools = {
    open: opener(web),
    sleep: async (time: number) => void pauses.push(time),
    reserve: (bytes: number) => space.reserve(bytes),
  };
  const whole = { target: target(), url: `${mirror.url}/image`, hashes: ["sha256"], progress: () => {}, retry: () => {}, ...job };
  const fetched = await fetchPart(whole, tools);
  await fetched.part.complete();
  const sha256 = fetched.hashes[0]!.digest("hex");
  expect(hashOf(await readFile(part()))).toBe(sha256);
  return { sha256, continued: fetched.continued };
}

const ranges = () => mirror.requests.map(({ range }) => range);

describe("a download", () => {
  test("arrives whole, hashed on the way", async () => {
    mirror.put("/image", image);
    expect(await fetch()).toEqual({ sha256: hashOf(image), continued: false });
    expect(ranges()).toEqual([undefined]);
  });

  test("that is cut goes on where it stopped, and asks that the rest be of the same file", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/image", { cutAfter: 100_000, times: 1 });
    expect(await fetch()).toEqual({ sha256: hashOf(image), continued: true });
    expect(ranges()).toEqual([undefined, expect.stringMatching(REST)]);
    expect(mirror.requests[1]!.ifRange).toMatch(/^"[0-9a-f]+"$/);
  });

  test("that is cut again and again arrives as long as every connection brings something", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/image", { cutAfter: 30_000 });
    expect((await fetch()).sha256).toBe(hashOf(image));
    expect(mirror.requests.length).toBeGreaterThanOrEqual(10);
  });

  test("starts over when the file changed in between", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/image", { cutAfter: 100_000, times: 1 });
    const newer = Buffer.from(image).reverse();
    const waiting = fetch({ progress: (received) => received > 0 && mirror.put("/image", newer) });
    expect((await waiting).sha256).toBe(hashOf(newer));
  });

  test("starts over when the file became shorter than what we have", async () => {
    mirror.put("/image", image.subarray(0, 1000));
    await writeFile(part(), image.subarray(0, 2000));
    const tag = `"${hashOf(image.subarray(0, 1000)).slice(0, 16)}"`;
    await writeFile(`${part()}.json`, JSON.stringify({ url: `${mirror.url}/image`, validator: tag, size: 3000 }));
    expect((await fetch()).sha256).toBe(hashOf(image.subarray(0, 1000)));
    expect(ranges()).toEqual(["bytes=2000-", undefined]);
  });

  test.each([
    ["a server that knows no ranges", { ignoreRange: true }],
    ["a server with weak tags, which do not promise the same bytes", { etag: "weak" }],
    ["a server without tags", { etag: "none" }],
  ] as const)("from %s starts over after a cut", async (_, fault) => {
    mirror.put("/image", image);
    mirror.misbehave("/image", { cutAfter: 100_000, times: 1, ...fault });
    expect((await fetch()).sha256).toBe(hashOf(image));
    expect(ranges()).toEqual([undefined, "ignoreRange" in fault ? expect.stringMatching(REST) : undefined]);
  });

  test("goes on in a later run, reading again what the first one left", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/image", { cutAfter: 100_000, times: 1 });
    const stopped = fetch({
      progress: (received) => {
        if (received > 0) mirror.misbehave("/image", { status: 404 });
      },
    });
    await expect(stopped).rejects.toThrow(/404/);
    mirror.misbehave("/image", { times: 0 });
    expect(await fetch()).toEqual({ sha256: hashOf(image), continued: true });
    expect(ranges().at(-1)).toMatch(REST);
  });

  test("does not go on with what another URL left", async () => {
    mirror.put("/image", image);
    await writeFile(part(), "something else");
    await writeFile(`${part()}.json`, JSON.stringify({ url: "http://elsewhere/image", validator: '"x"', size: 300_000 }));
    expect((await fetch()).sha256).toBe(hashOf(image));
    expect(ranges()).toEqual([undefined]);
  });

  test("that was killed between its last byte and its name asks nobody", async () => {
    await writeFile(part(), image);
    await writeFile(`${part()}.json`, JSON.stringify({ url: `${mirror.url}/image`, validator: '"x"', size: image.length }));
    expect(await fetch()).toEqual({ sha256: hashOf(image), continued: true });
    expect(mirror.requests).toEqual([]);
  });

  test("of an empty file is an empty file", async () => {
    mirror.put("/image", "");
    expect((await fetch()).sha256).toBe(hashOf(Buffer.alloc(0)));
  });

  test("from a file URL is the same, and notices a file that changed meanwhile", async () => {
    const source = join(folder, "source");
    await writeFile(source, image);
    expect((await fetch({ url: pathToFileURL(source).href })).sha256).toBe(hashOf(image));
    await writeFile(part(), image.subarray(0, 1000));
    await writeFile(`${part()}.json`, JSON.stringify({ url: pathToFileURL(source).href, validator: "9-9", size: 9 }));
    expect((await fetch({ url: pathToFileURL(source).href })).sha256).toBe(hashOf(image));
  });
});

describe("a server's trouble", () => {
  test("that may pass is waited out, each time longer", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/image", { status: 503, times: 3 });
    expect((await fetch()).sha256).toBe(hashOf(image));
    expect(pauses).toEqual([500, 1000, 2000]);
  });

  test("that stalls in the middle is told, and what came is gone on with", async () => {
    web.close();
    web = new Web({}, 200);
    mirror.put("/image", image);
    mirror.misbehave("/image", { stallAfter: 100_000, times: 1 });
    const told: string[] = [];
    expect(await fetch({ retry: (because, pause) => void told.push(`${because} ${pause}`) })).toEqual({
      sha256: hashOf(image),
      continued: true,
    });
    expect(told).toEqual(["the connection failed: nothing came for 0.2 seconds 500"]);
    expect(ranges()).toEqual([undefined, expect.stringMatching(REST)]);
  });

  test("waits as long as the server asks, within reason", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/image", { status: 429, retryAfter: "7", times: 1 });
    await fetch();
    mirror.misbehave("/image", { status: 503, retryAfter: "999999", times: 1 });
    await rm(part(), { force: true });
    await rm(`${part()}.json`, { force: true });
    await fetch();
    expect(pauses).toEqual([7000, 300_000]);
  });

  test("that does not pass is given up, and says so", async () => {
    mirror.misbehave("/image", { status: 503 });
    await expect(fetch()).rejects.toThrow("answers 503; gave up after 5 tries, run the build again to go on");
    expect(mirror.requests).toHaveLength(5);
  });

  test("a missing file is not asked for twice", async () => {
    await expect(fetch()).rejects.toThrow(/answers 404: no such file there; check the version/);
    expect(mirror.requests).toHaveLength(1);
    expect(pauses).toEqual([]);
  });

  test("a web page where a file is wanted is named as what it is", async () => {
    mirror.misbehave("/image", { page: true });
    await expect(fetch()).rejects.toThrow(/answers a web page instead of the file/);
  });

  test("an answer that always ends too early is given up", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/image", { length: 500_000, ignoreRange: true });
    await expect(fetch()).rejects.toThrow(/gave up after 5 tries/);
  });

  test("a length that cannot be right is refused before anything is stored", async () => {
    mirror.put("/image", image);
    await expect(fetch({ size: 299_999 })).rejects.toThrow("has 300000 bytes instead of 299999");
    expect(existsSync(part())).toBe(false);
  });

  test("no connection at all is tried again and then said", async () => {
    const { url } = mirror;
    await mirror.close();
    await expect(fetch({ url: `${url}/image` })).rejects.toThrow(/the connection failed: .*ECONNREFUSED/);
    mirror = await startMirror();
  });
});

describe("redirects", () => {
  test("are followed", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/a", { redirectTo: "/b" });
    mirror.misbehave("/b", { redirectTo: `${mirror.url}/image` });
    expect((await fetch({ url: `${mirror.url}/a` })).sha256).toBe(hashOf(image));
  });

  test("are followed to where a cut download goes on", async () => {
    mirror.put("/image", image);
    mirror.misbehave("/a", { redirectTo: "/image" });
    mirror.misbehave("/image", { cutAfter: 100_000, times: 1 });
    expect((await fetch({ url: `${mirror.url}/a` })).sha256).toBe(hashOf(image));
    expect(ranges()).toEqual([undefined, undefined, expect.stringMatching(REST), expect.stringMatching(REST)]);
  });

  test("in a circle end", async () => {
    mirror.misbehave("/image", { redirectTo: "/image" });
    await expect(fetch()).rejects.toThrow("redirects more than 5 times");
    expect(mirror.requests).toHaveLength(6);
  });

  test("to something that is not the web are refused", async () => {
    mirror.misbehave("/image", { redirectTo: "file:///etc/passwd" });
    await expect(fetch()).rejects.toThrow("redirects to file:///etc/passwd, which is no http address");
  });
});

test("a disk without room is noticed before the first byte", async () => {
  mirror.put("/image", image);
  await expect(fetch({}, 100_000)).rejects.toThrow(/needs 300.0 KB, and the disk has 67.3 MB too little; make room/);
  expect(existsSync(part())).toBe(false);
});

test.each(["gopher://x/y", "not a URL"])("%s is no source", async (url) => {
  await expect(fetch({ url })).rejects.toThrow(/not a source|not a URL/);
});

test.each([
  ["a file that is not there", "nothing", /there is no such file; check the path, or mount the disk/],
  ["a folder", ".", /this is not a file/],
])("%s is no source", async (_, name, message) => {
  await expect(fetch({ url: pathToFileURL(join(folder, name)).href })).rejects.toThrow(message);
});
