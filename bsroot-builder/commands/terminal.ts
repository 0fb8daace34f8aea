/** Where a command writes: results on one stream, what happens meanwhile on the other. */
import { line } from "../download/events.ts";
import type { Progress, Screen } from "../download/progress.ts";

export interface Terminal {
  /** Standard output: what was asked for. */
  out(text: string): void;
  /** Standard error: progress and warnings. */
  readonly screen: Screen;
  /** Present: a program reads standard output, and hears what happens in this way. */
  readonly events?: Progress;
}

export function warn({ screen, out, events }: Terminal, warnings: readonly string[]): void {
  if (events) for (const message of warnings) out(line({ event: "warning", message }));
  for (const warning of warnings) screen.write(`warning: ${warning}\n`);
}
