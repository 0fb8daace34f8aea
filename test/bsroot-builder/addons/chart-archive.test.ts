/** Archives that are no charts are refused before helm sees them. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { create, Header } from "tar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChartError, examineChart } from "../../../bsroot-builder/addons/chart-archive.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "sextant-chart-"));
});
afterAll(() => rmSync(root, { recursive: true }));

interface Entry {
  readonly path: string;
  readonly content?: string;
  readonly type?: "SymbolicLink" | "Link" | "CharacterDevice";
}

/** As whoever wishes us ill would write it. */
function archive(name: string, entries: readonly Entry[], packed: (tar: Buffer) => Buffer = gzipSync): string {
  const blocks = entries.flatMap(({ path, content = "", type }) => {
    const header = new Header({ path, mode: 0o644, size: type ? 0 : Buffer.byteLength(content), type: type ?? "File", mtime: new Date(0) });
    if (type?.endsWith("Link")) header.linkpath = "/etc/passwd";
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    return type ? [block] : [block, Buffer.from(content), Buffer.alloc((512 - (Buffer.byteLength(content) % 512)) % 512)];
  });
  const file = join(root, `${name}.tgz`);
  writeFileSync(file, packed(Buffer.concat([...blocks, Buffer.alloc(1024)])));
  return file;
}

const CHART: Entry = { path: "web/Chart.yaml", content: "apiVersion: v2\nname: web\nversion: 1.0.0\n" };
const why = (file: string): Promise<string> =>
  examineChart(file).then(
    () => "nothing",
    (error) => (error instanceof ChartError ? error.message : Promise.reject(error)),
  );

test("a chart as helm package makes it is one, with charts in it", async () => {
  const folder = join(root, "good");
  for (const path of ["web/Chart.yaml", "web/templates/web.yaml", "web/charts/db/Chart.yaml"]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), "x: y\n");
  }
  await create({ gzip: true, file: join(root, "good.tgz"), cwd: folder, portable: true }, ["web"]);
  expect(await why(join(root, "good.tgz"))).toBe("nothing");
  symlinkSync("/etc/passwd", join(folder, "web/templates/link.yaml"));
  await create({ gzip: true, file: join(root, "link.tgz"), cwd: folder, portable: true }, ["web"]);
  expect(await why(join(root, "link.tgz"))).toMatch(
    /has "web\/templates\/link\.yaml" as a SymbolicLink; a chart has files and folders only/,
  );
});

describe("no chart has", () => {
  test.each([
    {
      what: "a file above its folder",
      entries: [CHART, { path: "web/../../etc/cron.d/x", content: "x" }],
      says: /"web\/\.\.\/\.\.\/etc\/cron\.d\/x", which would be written outside/,
    },
    {
      what: "an absolute path",
      entries: [CHART, { path: "/etc/cron.d/x", content: "x" }],
      says: /"\/etc\/cron\.d\/x", which would be written outside/,
    },
    { what: "a Windows path", entries: [CHART, { path: "web\\..\\x", content: "x" }], says: /which would be written outside/ },
    {
      what: "a hard link",
      entries: [CHART, { path: "web/x", type: "Link" as const }],
      says: /as a Link; a chart has files and folders only/,
    },
    { what: "a device", entries: [CHART, { path: "web/x", type: "CharacterDevice" as const }], says: /as a CharacterDevice/ },
    { what: "two folders", entries: [CHART, { path: "other/x", content: "x" }], says: /is no chart: helm package puts one folder/ },
    { what: "no Chart.yaml", entries: [{ path: "web/values.yaml", content: "x" }], says: /is no chart/ },
    {
      what: "thousands of files",
      entries: [CHART, ...Array.from({ length: 5001 }, (_, at) => ({ path: `web/templates/${at}` }))],
      says: /has more than 5000 files/,
    },
  ])("$what", async ({ entries, says, what }) => {
    expect(await why(archive(what.replaceAll(" ", "-"), entries))).toMatch(says);
  });

  test("more in it than anybody could have written", async () => {
    const bomb = archive("bomb", [CHART, { path: "web/values.yaml", content: "0".repeat(80 << 20) }]);
    expect(await why(bomb)).toBe("holds more than 64 MiB: a bomb, not a chart");
  });

  test.each([
    { what: "a page that asks to log in", bytes: "<!DOCTYPE html>" },
    { what: "half an archive", bytes: gzipSync(Buffer.alloc(5000, "x")).subarray(0, 20) },
  ])("$what inside", async ({ bytes }) => {
    writeFileSync(join(root, "odd.tgz"), bytes);
    expect(await why(join(root, "odd.tgz"))).toMatch(/^cannot be unpacked: .*; is it a chart packed by helm package\?$/);
  });
});
