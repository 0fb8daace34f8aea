/** Keys in the order of their times: the earliest is known at once, and moving one costs the logarithm of their number. */
export interface Due<Key> {
  readonly key: Key;
  readonly at: number;
}

/** A binary heap that remembers where each key stands. */
export class Soonest<Key> {
  readonly #heap: Due<Key>[] = [];
  readonly #places = new Map<Key, number>();

  get size(): number {
    return this.#heap.length;
  }

  first(): Due<Key> | undefined {
    return this.#heap[0];
  }

  /** Adds `key`, or moves it to its new time. */
  set(key: Key, at: number): void {
    const place = this.#places.get(key) ?? this.#heap.length;
    this.#put({ key, at }, place);
    this.#settle(place);
  }

  /** Does nothing for a key that is not there. */
  delete(key: Key): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    const last = this.#heap.pop()!;
    this.#places.delete(key);
    if (place === this.#heap.length) return;
    this.#put(last, place);
    this.#settle(place);
  }

  #settle(place: number): void {
    const entry = this.#heap[place]!;
    let at = place;
    while (at > 0 && this.#time((at - 1) >> 1) > entry.at) at = this.#swap(at, (at - 1) >> 1);
    for (;;) {
      const left = 2 * at + 1;
      const earlier = this.#time(left) <= this.#time(left + 1) ? left : left + 1;
      if (this.#time(earlier) >= entry.at) return;
      at = this.#swap(at, earlier);
    }
  }

  #time(place: number): number {
    return this.#heap[place]?.at ?? Infinity;
  }

  #swap(from: number, to: number): number {
    const entry = this.#heap[from]!;
    this.#put(this.#heap[to]!, from);
    this.#put(entry, to);
    return to;
  }

  #put(entry: Due<Key>, place: number): void {
    this.#heap[place] = entry;
    this.#places.set(entry.key, place);
  }
}
