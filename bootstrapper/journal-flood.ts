/** Keeps a flood of entries from becoming a flood of lines: the same words are said once and then counted, and all words together are rationed. */
import type { JournalEntry } from "./journal.ts";

type Words = Omit<JournalEntry, "at">;

/** Milliseconds in which the same words are said once. */
const WINDOW = 10_000;
/** Different words remembered at once. */
const REMEMBERED = 1000;
/** What a thousand machines that boot at once have to say. */
const BURST = 20_000;
const PER_SECOND = 100;

interface Said {
  readonly entry: Words;
  readonly since: number;
  again: number;
}

export class Flood {
  readonly #said = new Map<string, Said>();
  #ration = BURST;
  #filledAt: number;
  #leftOut = 0;

  /** Milliseconds, of any clock that does not run backwards for long. */
  constructor(now: number) {
    this.#filledAt = now;
  }

  /** What to write instead of `entry`: itself, nothing, or itself after what was held back. */
  pass(entry: Words, now: number): readonly Words[] {
    const key = `${entry.from} ${entry.mac} ${entry.level} ${entry.text}`;
    const said = this.#said.get(key);
    if (said && now - said.since < WINDOW) {
      said.again += 1;
      return [];
    }
    const due = said ? this.#forget(key, said) : this.#makeRoom();
    this.#said.set(key, { entry, since: now, again: 0 });
    return this.#rationed([...due, entry], now);
  }

  /** What is due to be said though nobody spoke; ask every few seconds. */
  due(now: number): readonly Words[] {
    const over = [...this.#said].filter(([, { since }]) => now - since >= WINDOW).flatMap(([key, said]) => this.#forget(key, said));
    return this.#rationed(over, now);
  }

  #forget(key: string, { entry, again }: Said): readonly Words[] {
    this.#said.delete(key);
    return again > 0 ? [{ ...entry, text: `${entry.text} ... repeated ${again} ${again === 1 ? "time" : "times"}` }] : [];
  }

  #makeRoom(): readonly Words[] {
    const [oldest] = this.#said;
    return oldest && this.#said.size >= REMEMBERED ? this.#forget(...oldest) : [];
  }

  #rationed(entries: readonly Words[], now: number): readonly Words[] {
    this.#ration = Math.min(BURST, this.#ration + (Math.max(0, now - this.#filledAt) / 1000) * PER_SECOND);
    this.#filledAt = now;
    const passed = entries.slice(0, Math.floor(this.#ration));
    this.#ration -= passed.length;
    this.#leftOut += entries.length - passed.length;
    if (this.#leftOut === 0 || this.#ration < 2) return passed;
    const text = `left out ${this.#leftOut} entries: there were more than ${PER_SECOND} a second`;
    this.#leftOut = 0;
    this.#ration -= 1;
    return [{ from: "appliance", level: "warning", text }, ...passed];
  }
}
