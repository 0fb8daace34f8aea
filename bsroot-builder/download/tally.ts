/** How far a build's downloads are, all together: counted as they come, without a clock of its own. */
import type { Coming, Outcome } from "./progress.ts";

/** Milliseconds over which the rate is the mean. */
const SPAN = 10_000;

export interface Standing {
  readonly files: number;
  readonly filesDone: number;
  readonly received: number;
  /** Bytes of all files; undefined while one of them has not said its size. */
  readonly size: number | undefined;
  /** Bytes a second. */
  readonly rate: number;
  /** Seconds; undefined while nobody can tell. */
  readonly left: number | undefined;
}

interface Counted {
  size: number | undefined;
  received: number;
  hasBegun: boolean;
  isDone: boolean;
}

export class Tally {
  readonly #files = new Map<string, Counted>();
  /** The last moments and what had arrived from a source by then, oldest first. */
  readonly #moments: { readonly at: number; readonly bytes: number }[] = [];
  #arrived = 0;

  expect(coming: readonly Coming[]): void {
    for (const { path, size } of coming) this.#files.set(path, { size, received: 0, hasBegun: false, isDone: false });
  }

  moved(path: string, received: number, size: number | undefined, now: number): void {
    const file = this.#file(path);
    if (this.#moments.length === 0) this.#moments.push({ at: now, bytes: 0 });
    // The first word about a file says what an earlier run left.
    if (file.hasBegun) this.#arrived += Math.max(0, received - file.received);
    file.hasBegun = true;
    file.received = received;
    file.size = size ?? file.size;
    this.#remember(now);
  }

  done(path: string, { size, how }: Outcome): void {
    const file = this.#file(path);
    file.isDone = true;
    if (how === "failed") return;
    file.size = size ?? file.received;
    file.received = file.size;
  }

  standing(now: number): Standing {
    const all = [...this.#files.values()];
    const received = all.reduce((sum, file) => sum + file.received, 0);
    const size = all.some((file) => file.size === undefined) ? undefined : all.reduce((sum, file) => sum + file.size!, 0);
    const [first] = this.#moments;
    const rate = first && now > first.at ? ((this.#arrived - first.bytes) * 1000) / (now - first.at) : 0;
    const left = size === undefined || rate <= 0 ? undefined : Math.max(0, size - received) / rate;
    return { files: all.length, filesDone: all.filter(({ isDone }) => isDone).length, received, size, rate, left };
  }

  #file(path: string): Counted {
    const known = this.#files.get(path) ?? { size: undefined, received: 0, hasBegun: false, isDone: false };
    this.#files.set(path, known);
    return known;
  }

  #remember(now: number): void {
    const last = this.#moments.at(-1);
    if (last && now - last.at < SPAN / 40) return;
    this.#moments.push({ at: now, bytes: this.#arrived });
    while (this.#moments.length > 2 && now - this.#moments[1]!.at >= SPAN) this.#moments.shift();
  }
}
