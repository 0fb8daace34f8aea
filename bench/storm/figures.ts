/** What a storm comes to: times by phase, failures, retries, memory and processor time, as values and as a table. */
import { PHASES, reasonOf } from "./machine.ts";
import type { Outcome } from "./run.ts";

export interface Figures {
  readonly stack: string;
  readonly title: string;
  readonly machines: number;
  readonly failed: number;
  /** How many failed for each reason, numbers in it left out. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Seconds. */
  readonly last: number;
  readonly whole: Quantiles;
  readonly phases: Readonly<Record<string, Quantiles>>;
  readonly retries: Outcome["herd"]["retries"];
  /** Seconds of processor time. */
  readonly cpu: number;
  readonly cpuByProgram: Readonly<Record<string, number>>;
  readonly machinesCpu: number;
  /** Bytes. */
  readonly memory: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export function figures({ stack, title, herd, cpu, memory }: Outcome): Figures {
  const { lives } = herd;
  const totals = lives.flatMap(({ total }) => (total === undefined ? [] : [total / 1000]));
  const reasons: Record<string, number> = {};
  for (const { failed } of lives) {
    if (failed === undefined) continue;
    const reason = reasonOf(failed);
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return {
    stack,
    title,
    machines: lives.length,
    failed: lives.length - totals.length,
    reasons,
    last: Math.max(0, ...totals),
    whole: quantiles(totals),
    phases: Object.fromEntries(
      PHASES.map((phase) => [phase, quantiles(lives.flatMap(({ phases }) => (phases[phase] === undefined ? [] : [phases[phase] / 1000])))]),
    ),
    retries: herd.retries,
    cpu: Object.values(cpu).reduce((sum, each) => sum + each, 0),
    cpuByProgram: cpu,
    machinesCpu: herd.cpu,
    memory,
  };
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** One column for each stack, one row for each figure. */
export function table(all: readonly Figures[]): string {
  const seconds = (value: number): string => (Number.isNaN(value) ? "-" : value.toFixed(value < 10 ? 2 : 1));
  const pair = ({ p50, p99 }: Quantiles): string => `${seconds(p50)} / ${seconds(p99)}`;
  const rows: readonly (readonly [string, (each: Figures) => string])[] = [
    ["last machine, s", ({ last }) => seconds(last)],
    ["failed", ({ failed, machines }) => `${failed} of ${machines}`],
    ["whole, s p50 / p99", ({ whole }) => pair(whole)],
    ...PHASES.map((phase) => [`  ${phase}`, ({ phases }: Figures) => pair(phases[phase]!)] as const),
    [
      "asked again: DHCP, TFTP, HTTP",
      ({ retries: { dhcp, tftp, http } }) => `${dhcp}, ${tftp}, ${Object.values(http).reduce((sum, each) => sum + each, 0)}`,
    ],
    ["servers' processor time, s", ({ cpu }) => seconds(cpu)],
    ["  of each", ({ cpuByProgram }) => Object.values(cpuByProgram).map(seconds).join(" + ")],
    ["servers' memory, MB", ({ memory }) => (memory / 1e6).toFixed(0)],
    ["machines' processor time, s", ({ machinesCpu }) => seconds(machinesCpu)],
  ];
  const cells = [["", ...all.map(({ title }) => title)], ...rows.map(([name, cell]) => [name, ...all.map(cell)])];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row.map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[0]!))).join("  "),
  );
  const failures = all.flatMap(({ title, reasons }) =>
    Object.entries(reasons).map(([reason, count]) => `${title}: ${count} failed: ${reason}`),
  );
  const again = all.flatMap(({ title, retries }) =>
    Object.entries(retries.http).map(([why, count]) => `${title}: asked again ${count} times: ${why}`),
  );
  return `${[...lines, ...failures, ...again].join("\n")}\n`;
}
