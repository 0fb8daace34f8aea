/** Upstream answers for as long as they hold, and a while longer for when nobody answers. RFC 2308, RFC 8767. */
import type { Response } from "./relay.ts";

export interface Hit {
  readonly response: Response;
  /** Seconds since it came. */
  readonly age: number;
  /** It has run out, and is better than nothing (RFC 8767). */
  readonly stale?: true;
}

/** Bytes of all entries with what they cost beside their messages; the least recently used are given up first. */
const LIMIT = 16 << 20;
const COST = 400;
const LARGEST = 16_384;
/** Seconds behind its end that an answer is kept (RFC 8767 §5 suggests one to three days). */
const STALE = 86_400;

interface Entry {
  readonly response: Response;
  readonly since: number;
}

export class Cache {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;
  #bytes = 0;

  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  /** `now`: milliseconds. */
  get(key: string, now: number): Hit | undefined {
    const hit = this.stale(key, now);
    return hit && !hit.stale ? hit : undefined;
  }

  /** Also what has run out. */
  stale(key: string, now: number): Hit | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    const age = Math.max(0, Math.floor((now - entry.since) / 1000));
    if (age >= entry.response.lifetime + STALE) {
      this.#bytes -= cost(key, entry);
      return undefined;
    }
    this.#entries.set(key, entry); // the last in a Map is the youngest
    return { response: entry.response, age, ...(age >= entry.response.lifetime && { stale: true as const }) };
  }

  put(key: string, response: Response, now: number): void {
    if (response.lifetime === 0 || response.bytes.length > LARGEST) return;
    this.#remove(key);
    const entry = { response, since: now };
    this.#entries.set(key, entry);
    this.#bytes += cost(key, entry);
    while (this.#bytes > this.#limit) {
      const oldest = this.#entries.keys().next();
      if (oldest.done) return;
      this.#remove(oldest.value);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && this.#entries.delete(key)) this.#bytes -= cost(key, entry);
  }
}

const cost = (key: string, { response }: Entry): number => COST + 2 * key.length + response.bytes.length + 8 * response.ttlsAt.length;
