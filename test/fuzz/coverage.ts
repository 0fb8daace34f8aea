/** Which pieces of our code ran since the last look, by V8's own counters. https://chromedevtools.github.io/devtools-protocol/tot/Profiler */
import { type Profiler, Session } from "node:inspector";

const OURS = /\/(bootstrapper|cluster)\//;

export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** How many pieces have run so far. */
  get size(): number {
    return this.#seen.size;
  }

  /** The pieces that ran since the last look and never before; they count as seen only when `remember` is told of them. */
  fresh(): readonly string[] {
    let result: Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (_, taken) => {
      result = taken.result; // called before post returns
    });
    return result
      .filter(({ url }) => OURS.test(url))
      .flatMap(({ scriptId, functions }) =>
        functions.flatMap(({ ranges }) =>
          ranges.filter(({ count }) => count > 0).map(({ startOffset, endOffset }) => `${scriptId}:${startOffset}:${endOffset}`),
        ),
      )
      .filter((piece) => !this.#seen.has(piece));
  }

  remember(pieces: readonly string[]): void {
    for (const piece of pieces) this.#seen.add(piece);
  }
}
