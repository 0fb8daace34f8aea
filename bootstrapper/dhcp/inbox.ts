/**
 * Packets that wait to be decided. A flood must not cost others their turn: each machine has one place for each kind of message, in which its
 * newest word replaces its last; messages that end a machine's wait go before those that begin one; what finds no place is counted.
 */

const WHO_AT = 24; // giaddr and chaddr lie together: who asks, and through which relay (RFC 2131 §2)
const WHO_ENDS = 34;
const OPTIONS_AT = 240;
const MESSAGE_TYPE = 53;
const DISCOVER = 1;

export class Inbox<Item> {
  readonly #most: number;
  readonly #urgent = new Map<string, Item>();
  readonly #patient = new Map<string, Item>();

  /** `most` items of each urgency. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#urgent.size + this.#patient.size;
  }

  /** False: there was no place for it. `bytes` are looked at no closer than to see whose they are. */
  put(bytes: Uint8Array, item: Item): boolean {
    const type = bytes[OPTIONS_AT] === MESSAGE_TYPE ? bytes[OPTIONS_AT + 2] : undefined;
    const line = type === DISCOVER ? this.#patient : this.#urgent;
    const key = `${type} ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", WHO_AT, WHO_ENDS)}`;
    if (line.size >= this.#most && !line.has(key)) return false;
    line.set(key, item);
    return true;
  }

  take(): Item | undefined {
    const line = this.#urgent.size > 0 ? this.#urgent : this.#patient;
    for (const [key, item] of line) {
      line.delete(key);
      return item;
    }
    return undefined;
  }
}
