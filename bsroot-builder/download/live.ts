/** The display on a terminal: the running downloads and, below them, how far all of them are; redrawn in place, four times a second at most. */
import { printable } from "./printable.ts";
import { inOneLine, type Progress, type Screen, share } from "./progress.ts";
import { inWords } from "./space.ts";
import { type Standing, Tally } from "./tally.ts";

const REDRAW = 250;
/** Running downloads that are shown. */
const MOST = 8;
/** Bytes: what is smaller is counted, not told. */
const WORTH_A_LINE = 10_000_000;

export function live(screen: Screen, now: () => number): Progress {
  const running = new Map<string, { received: number; size: number | undefined }>();
  const tally = new Tally();
  let drawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const back = (): string => (drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`);
  const draw = (above = ""): void => {
    const shown = [...running]
      .slice(0, MOST)
      .map(([path, { received, size }]) => `  ${ending(path, screen.columns >> 1)} ${share(received, size)}`);
    const hidden = running.size > MOST ? [`  and ${running.size - MOST} more`] : [];
    const lines = running.size === 0 ? [] : [...shown, ...hidden, `  ${inTotal(tally.standing(now()))}`];
    const below = lines.map((line) => `${printable(line).slice(0, screen.columns - 1)}\n`).join("");
    if (back() + above + below !== "") screen.write(back() + above + below);
    drawn = lines.length;
    drawnAt = now();
  };
  const stay = (line: string): void => draw(`${printable(line)}\n`);
  return {
    expect: (coming) => tally.expect(coming),
    moved(path, received, size) {
      running.set(path, { received, size });
      tally.moved(path, received, size, now());
      if (now() - drawnAt >= REDRAW) draw();
    },
    done(path, outcome) {
      running.delete(path);
      tally.done(path, outcome);
      if (outcome.how === "failed" || (outcome.size ?? 0) >= WORTH_A_LINE) stay(`${path}: ${inOneLine(outcome)}`);
      else if (running.size === 0 || now() - drawnAt >= REDRAW) draw();
    },
    say: stay,
    close() {
      running.clear();
      draw();
    },
  };
}

/** A path's end tells more than its beginning. */
const ending = (path: string, columns: number): string => (path.length <= columns ? path : `...${path.slice(3 - columns)}`);

function inTotal({ files, filesDone, received, size, rate, left }: Standing): string {
  const bytes = size === undefined ? inWords(received) : `${inWords(received)} of ${inWords(size)}`;
  const remaining = left === undefined ? [] : [`${inTime(left)} left`];
  return [`${filesDone} of ${files} files`, bytes, `${inWords(Math.round(rate))}/s`, ...remaining].join(", ");
}

/** In the two largest units, as nobody needs the third. */
function inTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
