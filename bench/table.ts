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

/** A table for each protocol, a line for each row, and below it what must be known about some of its cells. */
export function formatTables(comparisons: readonly Comparison[]): string {
  const protocols = [...new Set(comparisons.map(({ protocol }) => protocol))];
  return protocols.map((protocol) => formatTable(comparisons.filter((row) => row.protocol === protocol))).join("\n\n");
}

function formatTable(rows: readonly Comparison[]): string {
  const names = [...new Set(rows.flatMap(({ servers }) => servers.map(({ server }) => server)))];
  const { protocol = "", unit = "" } = rows[0] ?? {};
  const timed = rows.some(({ servers }) => servers.some(({ p50 }) => p50 !== undefined));
  const title = `${protocol}: ${unit}${timed ? " (p50/p99 ms)" : ""}`;
  const head = [title, ...names, "ours/best", "CPU us:", ...names, "ours/least", "load"];
  const lines = rows.map(({ name, servers, ratio, cpuRatio }) => {
    const cells = (text: (one: Summary) => string): string[] =>
      names.map((wanted) => {
        const found = servers.find(({ server }) => server === wanted);
        return found ? text(found) : "";
      });
    const load = Math.max(...servers.map((one) => one.load || 0));
    return [name, ...cells(rateCell), times(ratio), "", ...cells(({ cpu }) => figure(cpu)), times(cpuRatio), `${Math.round(load * 100)} %`];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]!.length)));
  const pad = (line: readonly string[]): string =>
    line
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [pad(head), ...lines.map(pad), ...notes(rows)].join("\n");
}

const times = (ratio: number | undefined): string => (ratio === undefined ? "" : `${ratio.toFixed(2)} x`);

function rateCell({ rate, p50, p99, failed, simpler }: Summary): string {
  const latency = p50 === undefined ? "" : ` (${figure(p50)}/${figure(p99)})`;
  return `${failed > 0 ? "! " : ""}${simpler === undefined ? "" : "* "}${figure(rate)}${latency}`;
}

function notes(rows: readonly Comparison[]): readonly string[] {
  const simpler = new Set(
    rows.flatMap(({ servers }) => servers.flatMap((one) => (one.simpler ? [`* ${one.server}: ${one.simpler}`] : []))),
  );
  const failed = rows.flatMap(({ name, servers }) =>
    servers.filter((one) => one.failed > 0).map((one) => `! ${one.server}, ${name}: ${one.failed} failed, ${one.because ?? "no answer"}`),
  );
  return [...simpler, ...failed];
}
