/** Whether leases have changed since it was last asked: a copy of a zone and its serial must tell. */
import type { Lease, Leases } from "./leases.ts";

/** Milliseconds at least between two looks at all leases, and how many times as long as a look takes. */
const PAUSE = 1000;
const SPARING = 50;

export class LeaseWatch {
  readonly #leases: Leases;
  #seen: number;
  #next = 0;

  constructor(leases: Leases) {
    this.#leases = leases;
    this.#seen = digest(leases.all());
  }

  /** `clock`: milliseconds that never run backwards. */
  changed(clock: () => number): boolean {
    const began = clock();
    if (began < this.#next) return false;
    const seen = digest(this.#leases.all());
    this.#next = began + Math.max(PAUSE, SPARING * (clock() - began));
    const changed = seen !== this.#seen;
    this.#seen = seen;
    return changed;
  }
}

/** The same for the same leases in any order. */
function digest(leases: readonly Lease[]): number {
  let sum = leases.length;
  for (const { mac, address, hostname = "" } of leases) {
    let hash = 0x811c9dc5;
    for (const text of [mac, address, hostname])
      for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    sum = (sum + (hash >>> 0)) % 0x1_0000_0000_0000;
  }
  return sum;
}
