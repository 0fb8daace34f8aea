/** The rack as the terminal shows it: one row for each machine, redrawn, or one line for each change. */
import type { Machine } from "./api.ts";

/** `seconds` since the machines were powered on. */
export function table(machines: readonly Machine[], seconds: number, columns: number): readonly string[] {
  const rows = machines.map((machine) => [machine.name, machine.mac, machine.address ?? "", machine.phase, activity(machine)]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length), 0));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return [`${clock(seconds)}  ${count(machines)}`, ...rows.map(line)].map((text) => text.slice(0, columns - 1).trimEnd());
}

/** What changed since `before`, a line each. Downloads count by file, not by byte. */
export function changes(before: readonly Machine[], after: readonly Machine[], seconds: number): readonly string[] {
  return after.flatMap((machine) => {
    const old = before.find(({ mac }) => mac === machine.mac);
    const lines = [];
    if (old?.phase !== machine.phase) lines.push(`${machine.phase}: ${machine.because}`);
    if (machine.transfer && old?.transfer?.file !== machine.transfer.file) lines.push(`fetches ${fileName(machine.transfer.file)}`);
    return lines.map((text) => `${clock(seconds)}  ${machine.name}  ${text}`);
  });
}

const activity = ({ transfer, phase, because }: Machine): string => {
  if (!transfer) return phase === "failed" ? because : "";
  const share = transfer.size > 0 ? Math.floor((100 * transfer.sent) / transfer.size) : 100;
  return `${fileName(transfer.file)} ${String(share).padStart(3)} % of ${(transfer.size / 1e6).toFixed(1)} MB`;
};

const count = (machines: readonly Machine[]): string =>
  `${machines.filter(({ phase }) => phase === "ready").length} of ${machines.length} machines are ready`;
const fileName = (path: string): string => path.split("/").at(-1)!;
const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** Draws over what it drew before. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #height = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  draw(lines: readonly string[]): void {
    const back = this.#height > 0 ? `\x1b[${this.#height}A` : "";
    this.#out.write(`${back}${lines.map((line) => `\x1b[2K${line}\n`).join("")}\x1b[J`);
    this.#height = lines.length;
  }
}
