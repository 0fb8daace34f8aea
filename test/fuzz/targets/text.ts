/** What people and machines write as text: descriptions, requests for pages, ranges and reports, and the store's own lines. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Refusal } from "../../../bootstrapper/http/refusal.ts";
import { machinePath } from "../../../bootstrapper/http/request/machine-path.ts";
import { honoured } from "../../../bootstrapper/http/request/range.ts";
import { cleanTarget } from "../../../bootstrapper/http/request/target.ts";
import { MAX_DISK, MAX_REASON, parseReport } from "../../../bootstrapper/http/secrets/report-form.ts";
import { decodeLines, encodeLine } from "../../../bootstrapper/store/record.ts";
import { formatProblem, parse } from "../../../cluster/parse.ts";
import { must, same, type Target } from "../target.ts";

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const DESCRIPTIONS = "test/fixtures/cluster";

export const description: Target = {
  name: "description",
  seeds: () => readdirSync(DESCRIPTIONS).map((name) => readFileSync(`${DESCRIPTIONS}/${name}`)),
  check: (bytes) => {
    const parsed = parse(textOf(bytes).slice(0, 20_000), "cluster-desc.yml");
    if (parsed.ok) return;
    must(parsed.problems.length > 0, "a description that is none has a problem");
    for (const problem of parsed.problems)
      must(/^cluster-desc\.yml(:\d+:\d+)?: ./.test(formatProblem(problem)), `a problem says where: ${formatProblem(problem)}`);
  },
};

const ROOT = "/srv/static";

export const httpTarget: Target = {
  name: "http-target",
  seeds: () =>
    [
      "/boot/52-54-00-00-00-11.ipxe",
      "/static/a%20b/c?x=1",
      "http://h:80//boot//x",
      "/%2e%2e/x",
      "/..%2f",
      "/install/525400000011.sh",
      "*",
    ].map((text) => Buffer.from(text)),
  check: (bytes) => {
    const target = cleanTarget(Buffer.from(bytes).toString("latin1"), 2048);
    if (!("url" in target)) {
      must(target.because.length > 0, "a refusal has a reason");
      return;
    }
    const [path = ""] = target.url.split("?");
    const inside = resolve(ROOT, `.${decodeURIComponent(path)}`);
    must(inside === ROOT || inside.startsWith(`${ROOT}/`), `${target.url} stays inside`);
    same(cleanTarget(target.url, 4096), target, "a clean path is clean");
    const name = decodeURIComponent(path).split("/").at(-1)!;
    try {
      const { mac } = machinePath(name, [".ipxe", ".sh"]);
      must(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac), `${mac} is a MAC`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  },
};

/** Two header lines: Range and If-Range. */
export const httpRange: Target = {
  name: "http-range",
  seeds: () => ["bytes=0-1", 'bytes=5-\nW/"a"', 'bytes=-17\n"tag"', "bytes=0-0,5-9", "bytes=9-1"].map((text) => Buffer.from(text)),
  check: (bytes) => {
    const [range = "", ifRange = ""] = Buffer.from(bytes).toString("latin1").split("\n");
    const yes = honoured(range, ifRange);
    if (yes) must(/^bytes=(\d+-\d*|-\d+)$/.test(range.trim()), `${JSON.stringify(range)} is one range`);
  },
};

export const httpReport: Target = {
  name: "http-report",
  seeds: () =>
    ["phase=installing&disk=virtio-1", "phase=failed&reason=no%20disk", "phase=ready", "phase=failed&reason=%E2%80%AE&x=1"].map((text) =>
      Buffer.from(text),
    ),
  check: (bytes) => {
    const parsed = parseReport(new URLSearchParams(textOf(bytes)));
    if ("because" in parsed) return must(!/[\p{Cc}\u202e]/u.test(parsed.because), "a reason is one plain line");
    const { report } = parsed;
    if (report.phase === "installing") must(report.disk.length > 0 && report.disk.length <= MAX_DISK, "a disk has a name");
    if (report.phase === "failed")
      must(
        report.reason.length > 0 && report.reason.length <= MAX_REASON && !/[\p{Cc}\p{Cf}]/u.test(report.reason),
        "a reason is one plain line",
      );
  },
};

export const storeLines: Target = {
  name: "store-lines",
  seeds: () => [Buffer.from(encodeLine(['["leases","10.0.0.1",{"mac":"x"}]']) + encodeLine(["a", "b"]))],
  check: (bytes) => void decodeLines(bytes),
};
