/** Where a command writes: results on one stream, what happens meanwhile on the other. */
import type { Screen } from "../download/progress.ts";

export interface Terminal {
  /** Standard output: what was asked for. */
  out(text: string): void;
  /** Standard error: progress and warnings. */
  readonly screen: Screen;
}

export function warn({ screen }: Terminal, warnings: readonly string[]): void {
  for (const warning of warnings) screen.write(`warning: ${warning}\n`);
}
