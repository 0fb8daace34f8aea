/** What the operator sees while bytes arrive: live lines on a terminal, plain lines everywhere else. */
import { inWords } from "./space.ts";

export interface Progress {
  /** `size` in bytes, once the source has said it. */
  moved(path: string, received: number, size: number | undefined): void;
  done(path: string, outcome: string): void;
  /** A line that stays. */
  say(line: string): void;
  close(): void;
}

export interface Screen {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
}

export const progressOn = (screen: Screen, now: () => number): Progress => (screen.isTTY ? live(screen, now) : plain(screen, now));

/** A line when something begins and ends, and at most every ten seconds in between. */
function plain(screen: Screen, now: () => number): Progress {
  const lastSaid = new Map<string, number>();
  return {
    moved(path, received, size) {
      const last = lastSaid.get(path);
      if (last !== undefined && now() - last < 10_000) return;
      lastSaid.set(path, now());
      screen.write(`${path}: ${last === undefined && received === 0 ? "begins" : "at"}${share(received, size)}\n`);
    },
    done: (path, outcome) => screen.write(`${path}: ${outcome}\n`),
    say: (line) => screen.write(`${line}\n`),
    close() {},
  };
}

/** One line for each running download, redrawn in place ten times a second at most. */
function live(screen: Screen, now: () => number): Progress {
  const running = new Map<string, { received: number; size: number | undefined; since: number; before: number }>();
  let drawn = 0;
  let drawnAt = 0;
  const clear = () => {
    if (drawn > 0) screen.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    clear();
    for (const [path, { received, size, since, before }] of running) {
      const rate = now() > since ? ((received - before) * 1000) / (now() - since) : 0;
      const line = `  ${path.slice(-(screen.columns >> 1))}${share(received, size)}  ${inWords(Math.round(rate))}/s`;
      screen.write(`${line.slice(0, screen.columns - 1)}\n`);
      drawn += 1;
    }
    drawnAt = now();
  };
  const stay = (line: string) => {
    clear();
    screen.write(`${line}\n`);
    draw();
  };
  return {
    moved(path, received, size) {
      const { since, before } = running.get(path) ?? { since: now(), before: received };
      running.set(path, { received, size, since, before });
      if (now() - drawnAt >= 100) draw();
    },
    done(path, outcome) {
      running.delete(path);
      stay(`${path}: ${outcome}`);
    },
    say: stay,
    close: clear,
  };
}

function share(received: number, size: number | undefined): string {
  if (size === undefined) return ` ${inWords(received)}`;
  return ` ${size === 0 ? 100 : Math.floor((received * 100) / size)} % of ${inWords(size)}`;
}
