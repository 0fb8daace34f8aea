/** Keys in the order of their times: the earliest is known at once, and moving one costs the logarithm of their number. */
export interface Due<Key> {
  readonly key: Key;
  readonly at: number;
}

/** A binary heap whose entries know where they stand. */
export class Soonest<Key> {
  readonly #heap: Entry<Key>[] = [];
  readonly #entries = new Map<Key, Entry<Key>>();

  get size(): number {
    return this.#heap.length;
  }

  first(): Due<Key> | undefined {
    return this.#heap[0];
  }

  /** Adds `key`, or moves it to its new time. */
  set(key: Key, at: number): void {
    const known = this.#entries.get(key);
    if (known) {
      known.at = at;
      this.#settle(known);
      return;
    }
    const entry = { key, at, place: this.#heap.length };
    this.#entries.set(key, entry);
    this.#heap.push(entry);
    this.#settle(entry);
  }

  /** Does nothing for a key that is not there. */
  delete(key: Key): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    const last = this.#heap.pop()!;
    if (last === entry) return;
    this.#put(last, entry.place);
    this.#settle(last);
  }

  #settle(entry: Entry<Key>): void {
    const heap = this.#heap;
    let { place } = entry;
    while (place > 0) {
      const parent = heap[(place - 1) >> 1]!;
      if (parent.at <= entry.at) break;
      this.#put(parent, place);
      place = (place - 1) >> 1;
    }
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      const earlier = right && right.at < left!.at ? right : left;
      if (!earlier || earlier.at >= entry.at) break;
      const { place: below } = earlier;
      this.#put(earlier, place);
      place = below;
    }
    this.#put(entry, place);
  }

  #put(entry: Entry<Key>, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}

interface Entry<Key> {
  readonly key: Key;
  at: number;
  place: number;
}
