/** The figures in words: for each row every server's medians, and how ours compares with the best of the others. */
import type { Row, Sample } from "./rows.ts";
import { median } from "./statistics.ts";

export interface Summary {
  readonly server: string;
  readonly rate: number;
  /** Processor microseconds for each operation. */
  readonly cpu: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly failed: number;
  readonly because: string | undefined;
  readonly load: number;
  readonly simpler: string | undefined;
}

export interface Comparison {
  readonly protocol: string;
  readonly name: string;
  readonly unit: string;
  readonly servers: readonly Summary[];
  /** Ours over the fastest of the others. Above 1 we are faster. */
  readonly ratio: number | undefined;
  /** Ours over that of the most sparing of the others. Below 1 ours costs less. */
  readonly cpuRatio: number | undefined;
}

export function compare({ protocol, name, unit, samples }: Row, ours: string): Comparison {
  const servers = [...samples].map(([server, rounds]) => summary(server, rounds));
  const own = servers.find(({ server }) => server === ours);
  const peers = servers.filter(({ server }) => server !== ours);
  const against = (best: number | undefined, value: number | undefined): number | undefined =>
    best === undefined || value === undefined ? undefined : value / best;
  const most = peers.length > 0 ? Math.max(...peers.map(({ rate }) => rate)) : undefined;
  const least = peers.length > 0 ? Math.min(...peers.map(({ cpu }) => cpu)) : undefined;
  return { protocol, name, unit, servers, ratio: against(most, own?.rate), cpuRatio: against(least, own?.cpu) };
}

function summary(server: string, rounds: readonly Sample[]): Summary {
  const of = (value: (sample: Sample) => number | undefined): number | undefined => {
    const values = rounds.map(value).filter((each) => each !== undefined);
    return values.length > 0 ? median(values) : undefined;
  };
  return {
    server,
    rate: of(({ rate }) => rate)!,
    cpu: of(({ cpu }) => cpu * 1e6)!,
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    because: rounds.find(({ because }) => because !== undefined)?.because,
    load: of(({ load }) => load)!,
    simpler: rounds.find(({ simpler }) => simpler !== undefined)?.simpler,
  };
}

/** Three significant figures. */
export const figure = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? "-" : value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);

/** Lines, widths and all. */
export function formatTable(comparisons: readonly Comparison[]): string {
  const head = ["", "", "rate", "p50 ms", "p99 ms", "CPU us", "load", ""];
  const lines = comparisons.flatMap(({ protocol, name, unit, servers, ratio, cpuRatio }) => [
    [`${protocol}: ${name} (${unit})`],
    ...servers.map((one) => [
      "",
      one.server,
      figure(one.rate),
      one.p50 === undefined ? "" : figure(one.p50),
      one.p99 === undefined ? "" : figure(one.p99),
      figure(one.cpu),
      `${Math.round(one.load * 100)} %`,
      [one.simpler, one.failed > 0 && `${one.failed} failed: ${one.because ?? "no answer"}`].filter(Boolean).join("; "),
    ]),
    ...(ratio === undefined ? [] : [["", "ours / best", `${ratio.toFixed(2)} x`, "", "", `${cpuRatio?.toFixed(2)} x`, "", ""]]),
  ]);
  const rows = [head, ...lines.filter((line) => line.length > 1)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (line: readonly string[]): string =>
    line
      .map((text, column) => (column < 2 || column === head.length - 1 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [pad(head), ...lines.map((line) => (line.length === 1 ? line[0]! : pad(line)))].join("\n");
}
