/** Messages in a TCP stream: each behind two bytes that say its length, however the stream is cut into parts. RFC 1035 §4.2.2. */

/** Parts held side by side: a stream of single bytes shall cost neither memory nor much copying. */
const PARTS = 64;

export class Frames {
  readonly #limit: number;
  /** Parts of a message that is not whole yet: put together when there are many, or all. */
  #held: Uint8Array[] = [];
  #size = 0;
  /** Bytes that must be there before it is worth a look. */
  #needed = 2;

  /** Bytes of the longest message taken. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The messages that are complete now; undefined when the next one claims to be empty or longer than the limit. */
  take(part: Uint8Array): Buffer[] | undefined {
    this.#held.push(part);
    this.#size += part.length;
    if (this.#size < this.#needed) {
      if (this.#held.length >= PARTS) this.#held = [Buffer.concat(this.#held)];
      return [];
    }
    let bytes = Buffer.concat(this.#held);
    const complete: Buffer[] = [];
    this.#needed = 2;
    while (bytes.length >= 2) {
      const length = bytes.readUInt16BE(0);
      if (length === 0 || length > this.#limit) return undefined;
      this.#needed = 2 + length;
      if (bytes.length < this.#needed) break;
      complete.push(bytes.subarray(2, this.#needed));
      bytes = bytes.subarray(this.#needed);
      this.#needed = 2;
    }
    this.#held = [bytes];
    this.#size = bytes.length;
    return complete;
  }
}

/** RFC 7766 §8: length and message in one write, so that they travel in one segment. */
export const framed = (message: Uint8Array): Buffer => Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message]);
