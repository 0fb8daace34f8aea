/** /static against the bytes on the disk: whole, by range, resumed, and never from outside its folder. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Rig, startRig } from "./rig.ts";
import { CP1, CP1_ADDRESS, STRANGER } from "./small-world.ts";

const IMAGE = randomBytes(1536 * 1024 + 17);
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  mkdirSync(join(rig.statics, "os/1.2.3"), { recursive: true });
  writeFileSync(join(rig.statics, "os/1.2.3/image.bin"), IMAGE);
  writeFileSync(join(rig.statics, "empty"), "");
  writeFileSync(join(rig.statics, "with space+plus.txt"), "named oddly");
  writeFileSync(join(rig.statics, ".hidden"), "hidden");
  mkdirSync(join(rig.statics, ".git"));
  writeFileSync(join(rig.statics, ".git/config"), "hidden");
  writeFileSync(join(rig.folder, "secret.key"), "SECRET");
  symlinkSync("1.2.3", join(rig.statics, "os/current"));
  symlinkSync("../secret.key", join(rig.statics, "escape"));
  symlinkSync("..", join(rig.statics, "up"));
  symlinkSync(".hidden", join(rig.statics, "unhidden"));
  symlinkSync("loop", join(rig.statics, "loop"));
  await promisify(execFile)("mkfifo", [join(rig.statics, "fifo")]);
});
beforeEach(() => {
  rig.world.told.length = 0;
  rig.world.entries.length = 0;
});
afterAll(() => rig.stop());

const image = "/static/os/1.2.3/image.bin";

test.each([true, false])("a file arrives whole (plain: %s), uncached but with what a later visit needs", async (plain) => {
  const { status, headers, bytes } = await rig.ask(image, { plain });
  expect(status).toBe(200);
  expect(bytes.equals(IMAGE)).toBe(true);
  expect(headers).toMatchObject({
    "content-length": String(IMAGE.length),
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    etag: expect.stringMatching(/^"[^"]+"$/),
    "last-modified": expect.any(String),
  });
});

test("HEAD tells all of it but the bytes", async () => {
  const whole = await rig.ask(image, { plain: true });
  const head = await rig.ask(image, { plain: true, method: "HEAD" });
  expect(head.status).toBe(200);
  expect(head.bytes).toHaveLength(0);
  const { date: _, ...told } = head.headers;
  expect(whole.headers).toMatchObject(told);
});

test("any single range is those bytes of the file", async () => {
  const place = fc.integer({ min: 0, max: IMAGE.length + 10 });
  await fc.assert(
    fc.asyncProperty(place, fc.option(place), async (first, last) => {
      const { status, headers, bytes } = await rig.ask(image, { plain: true, headers: { Range: `bytes=${first}-${last ?? ""}` } });
      if (last !== null && last < first) {
        expect(status).toBe(200); // RFC 9110 §14.1.2: an invalid range is none
        return;
      }
      if (first >= IMAGE.length) {
        expect([status, headers["content-range"]]).toEqual([416, `bytes */${IMAGE.length}`]);
        return;
      }
      const end = Math.min(last ?? Number.POSITIVE_INFINITY, IMAGE.length - 1);
      expect([status, headers["content-range"]]).toEqual([206, `bytes ${first}-${end}/${IMAGE.length}`]);
      expect(bytes.equals(IMAGE.subarray(first, end + 1))).toBe(true);
    }),
    { numRuns: 25 },
  );
});

test("the last bytes may be asked for by their number", async () => {
  const { status, bytes } = await rig.ask(image, { plain: true, headers: { Range: "bytes=-17" } });
  expect(status).toBe(206);
  expect(bytes.equals(IMAGE.subarray(-17))).toBe(true);
});

test.each([
  ["many ranges", `bytes=${Array.from({ length: 500 }, (_, i) => `${i}-${i}`).join(",")}`],
  ["overlapping ranges", "bytes=0-,0-,0-,0-,0-,0-"],
  ["two ranges", "bytes=0-1,5-6"],
  ["nonsense", "bytes=abc"],
])("%s get the whole file, once", async (_, range) => {
  const { status, bytes } = await rig.ask(image, { plain: true, headers: { Range: range } });
  expect(status).toBe(200);
  expect(bytes.equals(IMAGE)).toBe(true);
});

test("a resumed download goes on only with the same file", async () => {
  const { etag, "last-modified": date } = (await rig.ask(image, { plain: true, method: "HEAD" })).headers;
  const resume = async (validator: string): Promise<number> =>
    (await rig.ask(image, { plain: true, headers: { Range: "bytes=100-", "If-Range": validator } })).status;
  expect(await resume(etag!)).toBe(206);
  expect(await resume(date!)).toBe(206);
  expect(await resume('"another"')).toBe(200);
  expect(await resume(`W/${etag}`)).toBe(200);
  expect(await resume("Thu, 01 Jan 1970 00:00:00 GMT")).toBe(200);
});

test("a file that changed has another tag; one that did not is not sent again", async () => {
  const path = join(rig.statics, "changing");
  writeFileSync(path, "one");
  const { etag } = (await rig.ask("/static/changing", { plain: true })).headers;
  expect((await rig.ask("/static/changing", { plain: true, headers: { "If-None-Match": etag! } })).status).toBe(304);
  expect((await rig.ask("/static/changing", { plain: true, headers: { "If-Match": '"another"' } })).status).toBe(412);
  utimesSync(path, 1, 1);
  const again = await rig.ask("/static/changing", { plain: true, headers: { "If-None-Match": etag! } });
  expect([again.status, again.text]).toEqual([200, "one"]);
});

test("links inside the folder, empty files and odd names are served", async () => {
  expect((await rig.ask("/static/os/current/image.bin", { plain: true })).bytes.equals(IMAGE)).toBe(true);
  expect(await rig.ask("/static/empty", { plain: true })).toMatchObject({ status: 200, text: "" });
  expect((await rig.ask("/static/with%20space+plus.txt", { plain: true })).text).toBe("named oddly");
});

test.each([
  ["a link out of the folder", "/static/escape"],
  ["a way through a link out of the folder", "/static/up/secret.key"],
  ["a hidden file", "/static/.hidden"],
  ["a link to a hidden file", "/static/unhidden"],
  ["a file in a hidden folder", "/static/.git/config"],
  ["a folder", "/static/os"],
  ["a folder with a slash", "/static/os/"],
  ["the root", "/static/"],
  ["a link to itself", "/static/loop"],
  ["a pipe", "/static/fifo"],
  ["below a file", "/static/empty/x"],
  ["a name too long for any disk", `/static/${"n".repeat(300)}`],
  ["nothing", "/static/nothing"],
])("%s is not there", async (_, path) => {
  const { status, text } = await rig.ask(path, { plain: true });
  expect(status).toBe(404);
  expect(text).toMatch(/^refused: there is no /);
  expect(text).not.toContain("SECRET");
  expect(text).not.toContain(rig.folder);
});

test("a link out of the folder is said to be one", async () => {
  expect((await rig.ask("/static/escape", { plain: true })).text).toContain("leads out of the folder");
});

test.each(["POST", "PUT", "DELETE"])("%s is not for files", async (method) => {
  expect((await rig.ask(image, { plain: true, method })).status).toBe(404);
});

test("what a machine fetches is shown while it does, and gone after", async () => {
  await rig.ask(image, { plain: true, from: CP1_ADDRESS });
  await expect.poll(() => rig.world.told.at(-1)).toEqual({ mac: CP1, transfer: undefined });
  const shown = rig.world.told.slice(0, -1).map(({ transfer }) => transfer!);
  expect(shown.length).toBeGreaterThan(0);
  expect(shown.every(({ file, size }) => file === "os/1.2.3/image.bin" && size === IMAGE.length)).toBe(true);
  expect(shown.at(-1)?.sent).toBe(IMAGE.length);
});

test("a resumed download is shown from where it resumes", async () => {
  await rig.ask(image, { plain: true, from: CP1_ADDRESS, headers: { Range: "bytes=1500000-" } });
  expect(rig.world.told[0]).toMatchObject({ transfer: { sent: 1_500_000, size: IMAGE.length } });
});

test("a stranger's download, HEAD and a refusal are not shown", async () => {
  await rig.ask(image, { plain: true, from: STRANGER });
  await rig.ask(image, { plain: true, from: CP1_ADDRESS, method: "HEAD" });
  await rig.ask("/static/nothing", { plain: true, from: CP1_ADDRESS });
  expect(rig.world.told).toEqual([]);
});

test("a download that breaks off is cleared and journaled", async () => {
  const big = join(rig.statics, "big");
  writeFileSync(big, "");
  truncateSync(big, 256 * 1024 * 1024);
  await new Promise<void>((done) => {
    const options = { host: "127.0.0.1", port: rig.httpPort, path: "/static/big", localAddress: CP1_ADDRESS, agent: false as const };
    const request = get(options, (response) => response.once("data", () => request.destroy()));
    request.on("close", done).on("error", () => {});
  });
  await expect.poll(() => rig.world.told.at(-1)).toEqual({ mac: CP1, transfer: undefined });
  expect(rig.world.lines("warning")).toEqual([expect.stringContaining("download of big broke off")]);
});

test("curl resumes what it has half of", async () => {
  const half = join(rig.folder, "half");
  writeFileSync(half, IMAGE.subarray(0, 1_000_000));
  const url = `http://127.0.0.1:${rig.httpPort}${image}`;
  await promisify(execFile)("curl", ["--silent", "--fail", "--max-time", "20", "--continue-at", "-", "--output", half, url]);
  expect(readFileSync(half).equals(IMAGE)).toBe(true);
});
