/** A build told to programs: one JSON object on a line for each thing that happens, in the shape that README.md describes. */
import type { Progress } from "./progress.ts";

/** Raised when a program that understood the lines before would not any more. */
const VERSION = 1;

/** Milliseconds between two lines about the same file. */
const OFTEN = 1000;

export type Event =
  | { readonly event: "expect"; readonly path: string; readonly size?: number }
  | { readonly event: "progress"; readonly path: string; readonly received: number; readonly size?: number }
  | { readonly event: "done"; readonly path: string; readonly how: string; readonly size?: number; readonly because: string }
  | { readonly event: "note" | "warning" | "error"; readonly message: string }
  | { readonly event: "plan" | "result"; readonly [field: string]: unknown };

export const line = (event: Event): string => `${JSON.stringify({ version: VERSION, ...event })}\n`;

export function eventsTo(write: (text: string) => void, now: () => number): Progress {
  const lastSaid = new Map<string, number>();
  return {
    expect(coming) {
      for (const { path, size } of coming) write(line({ event: "expect", path, ...(size !== undefined && { size }) }));
    },
    moved(path, received, size) {
      const last = lastSaid.get(path);
      if (last === undefined) lastSaid.set(path, now());
      if (last === undefined || now() - last < OFTEN) return;
      lastSaid.set(path, now());
      write(line({ event: "progress", path, received, ...(size !== undefined && { size }) }));
    },
    done(path, outcome) {
      lastSaid.delete(path);
      write(line({ event: "done", path, ...outcome }));
    },
    say: (message) => write(line({ event: "note", message })),
    close() {},
  };
}
