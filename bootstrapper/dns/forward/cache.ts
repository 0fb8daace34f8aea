/** Upstream answers for as long as they hold, the least recently used given up first. */
import type { Response } from "./relay.ts";

export interface Hit {
  readonly response: Response;
  /** Seconds since it came. */
  readonly age: number;
}

/** Entries; with the largest response kept, 8 MB. */
const LIMIT = 2000;
const LARGEST = 4096;

export class Cache {
  readonly #entries = new Map<string, { readonly response: Response; readonly since: number }>();

  /** `now`: milliseconds. */
  get(key: string, now: number): Hit | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    const age = Math.max(0, Math.floor((now - entry.since) / 1000));
    if (age >= entry.response.lifetime) return undefined;
    this.#entries.set(key, entry);
    return { response: entry.response, age };
  }

  put(key: string, response: Response, now: number): void {
    if (response.lifetime === 0 || response.bytes.length > LARGEST) return;
    this.#entries.delete(key);
    this.#entries.set(key, { response, since: now });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > LIMIT && !oldest.done) this.#entries.delete(oldest.value);
  }
}
