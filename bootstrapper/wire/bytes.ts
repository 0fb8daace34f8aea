/** Reading and writing big-endian fields one after another; a reader never looks past its end, it throws a WireError instead. */
import { WireError } from "./error.ts";

export class ByteReader {
  readonly #protocol: string;
  readonly #bytes: Uint8Array;
  #at = 0;

  /** `protocol` begins the message of every error thrown. */
  constructor(protocol: string, bytes: Uint8Array) {
    this.#protocol = protocol;
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(what: string): number {
    return this.take(1, what)[0]!;
  }

  uint16(what: string): number {
    const [high, low] = this.take(2, what) as unknown as [number, number];
    return (high << 8) | low;
  }

  uint32(what: string): number {
    return this.uint16(what) * 0x10000 + this.uint16(what);
  }

  /** The next `length` bytes as a view, not a copy. */
  take(length: number, what: string): Uint8Array {
    if (length > this.left) throw new WireError(this.#protocol, `${what} is cut short: ${length} bytes expected, ${this.left} left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  rest(): Uint8Array {
    return this.take(this.left, "the rest");
  }
}

/** Grows as it is written to. Numbers are taken modulo their width. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(expected = 512) {
    this.#bytes = new Uint8Array(expected);
  }

  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    this.#room(1)[0] = value;
    return this;
  }

  uint16(value: number): this {
    return this.uint8(value >>> 8).uint8(value);
  }

  uint32(value: number): this {
    return this.uint16(value >>> 16).uint16(value);
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length).set(value);
    return this;
  }

  zeros(count: number): this {
    this.#room(Math.max(0, count)).fill(0);
    return this;
  }

  /** What was written, as a view. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(length: number): Uint8Array {
    const needed = this.#length + length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#length = needed;
    return this.#bytes.subarray(needed - length, needed);
  }
}
