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
    return this.#bytes[this.#step(1, what)]!;
  }

  uint16(what: string): number {
    const at = this.#step(2, what);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  uint32(what: string): number {
    const at = this.#step(4, what);
    const bytes = this.#bytes;
    return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
  }

  /** The next `length` bytes as a view, not a copy. */
  take(length: number, what: string): Uint8Array {
    const at = this.#step(length, what);
    return this.#bytes.subarray(at, at + length);
  }

  rest(): Uint8Array {
    return this.take(this.left, "the rest");
  }

  /** Where the `length` bytes begin that are now read. */
  #step(length: number, what: string): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) {
      throw new WireError(this.#protocol, `${what} is cut short: ${length} bytes expected, ${this.left} left`);
    }
    this.#at = at + length;
    return at;
  }
}

/** Grows as it is written to. Numbers are taken modulo their width. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(expected = 512) {
    this.#bytes = pooled(expected);
  }

  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }

  uint16(value: number): this {
    const at = this.#grow(2);
    const bytes = this.#bytes;
    bytes[at] = value >>> 8;
    bytes[at + 1] = value;
    return this;
  }

  uint32(value: number): this {
    const at = this.#grow(4);
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  zeros(count: number): this {
    const at = this.#grow(Math.max(0, count));
    this.#bytes.fill(0, at, this.#length);
    return this;
  }

  /** Writes over one byte that was written before. */
  put(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Takes back what was written from there on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** What was written, as a view. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for `length` more bytes; where they begin. */
  #grow(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const grown = pooled(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#length = needed;
    return at;
  }
}

/** Whatever was in it before: every byte that leaves a writer was written. */
function pooled(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafe(length);
  return new Uint8Array(buffer, byteOffset, length);
}
