/** Something that is opened when it is first wanted, and kept: until it could not be opened, or is given up. */
export class Opened<T> {
  readonly #open: () => Promise<T>;
  readonly #close: (one: T) => void;
  #kept: Promise<T> | undefined;

  constructor(open: () => Promise<T>, close: (one: T) => void) {
    this.#open = open;
    this.#close = close;
  }

  get(): Promise<T> {
    const kept = this.#kept ?? this.#open();
    this.#kept = kept;
    kept.catch(() => {
      if (this.#kept === kept) this.#kept = undefined;
    });
    return kept;
  }

  /** It is closed, and opened anew when somebody wants it again. */
  giveUp(): void {
    const old = this.#kept;
    this.#kept = undefined;
    old?.then(this.#close, () => undefined);
  }
}
