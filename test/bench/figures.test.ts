/** From /proc, dnsperf and a list of samples to the table. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseStat, ticksOf } from "../../bench/cpu.ts";
import { Rows, type Sample } from "../../bench/rows.ts";
import { readSettings } from "../../bench/settings.ts";
import { median, percentile } from "../../bench/statistics.ts";
import { readDnsperf, readLatencies } from "../../bench/suites/dnsperf.ts";
import { compare, figure, formatTables } from "../../bench/table.ts";

test("the median is the middle one, or between the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("no more than the asked share of values lies below a percentile, and no more than the rest above it", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.integer({ min: 0, max: 100 }), (values, percent) => {
      const found = percentile(values, percent);
      expect(values.filter((value) => value < found).length).toBeLessThanOrEqual((percent / 100) * values.length);
      expect(values.filter((value) => value > found).length).toBeLessThanOrEqual((1 - percent / 100) * values.length + 1e-9);
    }),
  );
});

const stat = (pid: number, parent: number, name: string, ...[user, system, childUser, childSystem]: number[]): string =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 1 2 3 4 ${user} ${system} ${childUser} ${childSystem} 20 0 1 0 100 1 1`;

test("a process costs what it and its descendants took, those that ended included, whatever it is called", () => {
  const stats = [
    stat(10, 1, "in.tftpd", 1, 2, 30, 40),
    stat(11, 10, "a) S 1 (b", 500, 600, 0, 0),
    stat(12, 11, "grandchild", 7000, 0, 0, 0),
    stat(99, 1, "stranger", 90000, 0, 0, 0),
  ].map((text) => parseStat(text)!);
  expect(ticksOf(10, stats)).toBe(73 + 1100 + 7000);
  expect(ticksOf(77, stats)).toBe(0);
  expect(parseStat("")).toBeUndefined();
});

const DNSPERF = `[Status] Testing complete (time limit)
> NOERROR m0001.bench.lan A 0.000258
> SERVFAIL m0002.bench.lan A 0.000100
> NOERROR m0003.bench.lan A 0.001000
  Queries sent:         20
  Queries completed:    19 (95.00%)
  Queries lost:         1 (5.00%)

  Response codes:       NOERROR 18 (94.74%), SERVFAIL 1 (5.26%)
  Run time (s):         1.000290
`;

test("of dnsperf's answers only the good ones count", () => {
  expect(readDnsperf(DNSPERF)).toEqual({ sent: 20, lost: 1, good: 18, seconds: 1.00029 });
  expect(readLatencies(DNSPERF)).toEqual([0.258, 1]);
  expect(() => readDnsperf("[Timeout] no route")).toThrow("Queries sent");
});

const sample = (rate: number, cpu: number, more: Partial<Sample> = {}): Sample => ({ rate, cpu, failed: 0, load: 0.25, ...more });

function rows(): Rows {
  const made = new Rows();
  const row = { protocol: "dhcp", name: "one at a time", unit: "leases/s" } as const;
  for (const rate of [100, 900, 300]) made.add(row, "sextant", sample(rate, 0.001, { p50: 1, p99: 2 }));
  made.add(row, "dnsmasq", sample(100, 0.0001));
  made.add(row, "kea", sample(200, 0.0005, { failed: 2, because: "no address" }));
  return made;
}

test("ours is compared with the fastest peer, and its cost with that of the most sparing one", () => {
  const [row] = rows().all();
  const { ratio, cpuRatio, servers } = compare(row!, "sextant");
  expect(ratio).toBe(300 / 200);
  expect(cpuRatio).toBeCloseTo(0.001 / 0.0001);
  expect(servers[0]).toMatchObject({ server: "sextant", rate: 300, cpu: 1000, p50: 1, p99: 2, failed: 0 });
  expect(compare(row!, "nobody").ratio).toBeUndefined();
});

test("a table has a line for each row, and says what failed and how we compare", () => {
  const made = rows();
  made.add({ protocol: "tftp", name: "1 MB", unit: "MB/s" }, "tftpd-hpa", sample(90, 1, { simpler: "window 1" }));
  const text = formatTables(made.all().map((row) => compare(row, "sextant")));
  const [dhcp, tftp] = text.split("\n\n");
  expect(dhcp!.split("\n").map((line) => line.replaceAll(/ +/g, " "))).toEqual([
    "dhcp: leases/s (p50/p99 ms) sextant dnsmasq kea ours/best CPU us: sextant dnsmasq kea ours/least load",
    "one at a time 300 (1.00/2.00) 100 ! 200 1.50 x 1,000 100 500 10.00 x 25 %",
    "! kea, one at a time: 2 failed, no address",
  ]);
  expect(tftp).toMatch(/\n1 MB +\* 90\.0 .*\n\* tftpd-hpa: window 1$/);
});

test("a figure has three digits that mean something", () => {
  expect([0.01234, 1.234, 12.34, 123.4, 12_345.6, undefined, Number.NaN].map(figure)).toEqual([
    "0.0123",
    "1.23",
    "12.3",
    "123",
    "12,346",
    "-",
    "-",
  ]);
});

test("without a word everything is measured three times, and a quick look takes one round", () => {
  expect(readSettings([])).toMatchObject({ only: ["dhcp", "tftp", "dns", "build"], rounds: 3, quick: false, commit: undefined });
  expect(readSettings(["--only", "dns,dhcp", "--quick"])).toMatchObject({ only: ["dhcp", "dns"], rounds: 1 });
  expect(readSettings(["--only", "build"])).toMatchObject({ only: ["build"] });
  expect(readSettings(["--with", "bootstrapper/tftp"])).toMatchObject({ commit: "HEAD", with: ["bootstrapper/tftp"] });
  expect(readSettings(["--help"])).toBe("help");
  expect(() => readSettings(["--only", "ntp"])).toThrow('--only: "ntp" is none of dhcp, tftp, dns, build');
  expect(() => readSettings(["--rounds", "0"])).toThrow("--rounds");
});

test("the script that installs the peers has no mistake that shellcheck knows", () => {
  expect(execFileSync("shellcheck", ["bench/install-peers"], { encoding: "utf8" })).toBe("");
});
