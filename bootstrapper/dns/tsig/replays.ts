/** Signed messages answered lately: one that comes again, repeated or recorded, gets the answer it got and changes nothing. RFC 8945 §5.2.3. */

/** Milliseconds, twice what clocks may differ: an older message is refused by its time. */
const KEPT = 600_000;
const LIMIT = 4096;

export class Replays<T> {
  readonly #answers = new Map<string, { readonly answer: T; readonly until: number }>();

  /** `mac` is the message's code; `now`: milliseconds. */
  get(mac: Uint8Array, now: number): T | undefined {
    const known = this.#answers.get(hex(mac));
    return known && known.until > now ? known.answer : undefined;
  }

  put(mac: Uint8Array, answer: T, now: number): void {
    this.#answers.set(hex(mac), { answer, until: now + KEPT });
    for (const [key, { until }] of this.#answers) {
      if (until > now && this.#answers.size <= LIMIT) return;
      this.#answers.delete(key);
    }
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
