/** Browsers that have shown the API token: each holds a cookie that is not that token, and a word against forged requests. */
import { hashOf } from "../request/tokens.ts";

const IDLE_MS = 12 * 3600 * 1000;
const AT_MOST = 32;

export interface Session {
  /** What a page sends along with whatever changes something. */
  readonly csrf: string;
}

interface Kept extends Session {
  usedAt: number;
}

/** Kept in memory only: after a restart one signs in again. */
export class Sessions {
  readonly #now: () => number;
  readonly #random: (bytes: number) => string;
  /** By the hash of the cookie; the one not used for longest comes first. */
  readonly #kept = new Map<string, Kept>();

  constructor(now: () => number, random: (bytes: number) => string) {
    this.#now = now;
    this.#random = random;
  }

  open(): { readonly cookie: string; readonly session: Session } {
    const cookie = this.#random(32);
    const session = { csrf: this.#random(32), usedAt: this.#now() };
    this.#kept.set(hashOf(cookie), session);
    if (this.#kept.size > AT_MOST) this.#kept.delete(this.#kept.keys().next().value!);
    return { cookie, session };
  }

  find(cookie: string | undefined): Session | undefined {
    if (cookie === undefined) return undefined;
    const key = hashOf(cookie); // looked up by its hash, so that the time taken tells nothing about the cookie
    const session = this.#kept.get(key);
    if (!session) return undefined;
    this.#kept.delete(key);
    if (this.#now() - session.usedAt >= IDLE_MS) return undefined;
    session.usedAt = this.#now();
    this.#kept.set(key, session);
    return session;
  }

  close(cookie: string): void {
    this.#kept.delete(hashOf(cookie));
  }
}
