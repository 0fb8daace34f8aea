/** What the operator sees while bytes arrive: a calm display on a terminal, plain lines in a log. events.ts tells the same to programs. */
import { live } from "./live.ts";
import { printable } from "./printable.ts";
import { inWords } from "./space.ts";

export interface Progress {
  /** These are to come, beside all that were named before. */
  expect(coming: readonly Coming[]): void;
  /** `size` in bytes, once the source has said it. */
  moved(path: string, received: number, size: number | undefined): void;
  done(path: string, outcome: Outcome): void;
  /** A line that stays. */
  say(line: string): void;
  close(): void;
}

export interface Coming {
  readonly path: string;
  /** Bytes, as far as it is known before anybody is asked. */
  readonly size?: number;
}

export interface Outcome {
  /** `reused`: from the cache, or from the bsroot itself. */
  readonly how: "fetched" | "reused" | "failed";
  /** Bytes. */
  readonly size?: number;
  /** Why it was wanted, or why it failed. */
  readonly because: string;
}

export interface Screen {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
}

export const progressOn = (screen: Screen, now: () => number): Progress => (screen.isTTY ? live(screen, now) : plain(screen, now));

/** Milliseconds between two lines about the same file. */
const OFTEN = 10_000;

/** One line for each file that is done, and for one that takes its time a line every ten seconds. */
function plain(screen: Screen, now: () => number): Progress {
  const lastSaid = new Map<string, number>();
  const say = (line: string): void => screen.write(`${printable(line)}\n`);
  return {
    expect() {},
    moved(path, received, size) {
      const last = lastSaid.get(path) ?? now();
      if (!lastSaid.has(path) || now() - last >= OFTEN) lastSaid.set(path, now());
      if (now() - last >= OFTEN) say(`${path}: at ${share(received, size)}`);
    },
    done(path, outcome) {
      lastSaid.delete(path);
      say(`${path}: ${inOneLine(outcome)}`);
    },
    say,
    close() {},
  };
}

/** A failure's reason is told at the end, with the others. */
export function inOneLine({ how, size, because }: Outcome): string {
  return how === "failed" ? "failed" : `${how}${size === undefined ? "" : `, ${inWords(size)}`}: ${because}`;
}

export function share(received: number, size: number | undefined): string {
  if (size === undefined) return inWords(received);
  return `${size === 0 ? 100 : Math.floor((received * 100) / size)} % of ${inWords(size)}`;
}
