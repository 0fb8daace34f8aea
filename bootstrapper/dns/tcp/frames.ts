/** Messages in a TCP stream: each behind two bytes that say its length, however the stream is cut into parts. RFC 1035 §4.2.2. */
export class Frames {
  readonly #limit: number;
  #held: Buffer = Buffer.alloc(0);

  /** Bytes of the longest message taken. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The messages that are complete now; undefined when the next one claims to be empty or longer than the limit. */
  take(part: Uint8Array): Buffer[] | undefined {
    this.#held = Buffer.concat([this.#held, part]);
    const complete: Buffer[] = [];
    while (this.#held.length >= 2) {
      const length = this.#held.readUInt16BE(0);
      if (length === 0 || length > this.#limit) return undefined;
      if (this.#held.length < 2 + length) break;
      complete.push(this.#held.subarray(2, 2 + length));
      this.#held = this.#held.subarray(2 + length);
    }
    return complete;
  }
}

/** RFC 7766 §8: length and message in one write, so that they travel in one segment. */
export const framed = (message: Uint8Array): Buffer => Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message]);
