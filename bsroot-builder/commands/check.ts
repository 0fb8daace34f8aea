/** check: every mistake in a description at once, or what it amounts to. */
import { overview } from "../overview.ts";
import { readDescription } from "./description.ts";
import { type Terminal, warn } from "./terminal.ts";

/** Throws Failure. */
export async function check(file: string, terminal: Terminal): Promise<void> {
  const { cluster, warnings } = await readDescription(file);
  warn(terminal, warnings);
  const machines = cluster.machines.length === 1 ? "1 machine" : `${cluster.machines.length} machines`;
  const more = overview(cluster).map((line) => `  ${line}\n`);
  terminal.out(`${file}: good; cluster ${cluster.name} with ${machines}\n${more.join("")}`);
}
