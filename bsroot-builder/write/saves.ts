/** When a file that grows with the work is written anew: one write at a time, and so rarely that writing stays a small share of the work. */

/** What must pass before the next write that nobody waits for: so many times as long as the last one took, and milliseconds at least. */
const REST = { times: 20, least: 1000 };

export class Saves {
  readonly #write: () => Promise<void>;
  readonly #now: () => number;
  #running: Promise<void> | undefined;
  #behind = false;
  #restsUntil = Number.NEGATIVE_INFINITY;

  /** `write` puts what there is then into the file; `now` in milliseconds. */
  constructor(write: () => Promise<void>, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  /** Something changed. Written at once, unless the last write was a moment ago: then by one of the next calls. */
  async soon(): Promise<void> {
    this.#behind = true;
    if (this.#running || this.#now() < this.#restsUntil) return;
    this.#running = this.#once();
    await this.#running;
  }

  /** Resolves when everything is in the file that had changed when it was called. */
  async all(): Promise<void> {
    while (this.#behind || this.#running) {
      this.#running ??= this.#once();
      await this.#running;
    }
  }

  async #once(): Promise<void> {
    this.#behind = false;
    const began = this.#now();
    try {
      await this.#write();
    } catch (error) {
      this.#behind = true;
      throw error;
    } finally {
      this.#running = undefined;
      this.#restsUntil = this.#now() + Math.max(REST.least, REST.times * (this.#now() - began));
    }
  }
}
