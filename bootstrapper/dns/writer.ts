/** Writes a message field by field; names point to those before them where they may (RFC 1035 §4.1.4). */
import { labelBytes, nameText } from "./name.ts";
import { CLASSES } from "./numbers.ts";
import { compressible } from "./rdata.ts";
import type { Rr } from "./record.ts";

/** Bytes that a pointer can reach. */
const REACH = 0x4000;

export class Writer {
  #bytes = Buffer.allocUnsafe(512);
  #at = 0;
  /** Where each ending of a name stands. */
  readonly #names = new Map<string, number>();

  get length(): number {
    return this.#at;
  }

  uint16(value: number): void {
    this.#room(2);
    this.#at = this.#bytes.writeUInt16BE(value, this.#at);
  }

  uint32(value: number): void {
    this.#room(4);
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** A name that stands at `at` already, so that others can point to it. */
  knows(name: string, at: number): void {
    let place = at;
    for (let ending = name; ending !== ""; ) {
      this.#names.set(ending, place);
      const dot = ending.indexOf(".");
      if (dot < 0) return;
      place += 1 + labelBytes(ending.slice(0, dot)).length;
      ending = ending.slice(dot + 1);
    }
  }

  name(name: string): void {
    for (let ending = name; ending !== ""; ) {
      const known = this.#names.get(ending);
      if (known !== undefined) {
        this.uint16(0xc000 | known);
        return;
      }
      if (this.#at < REACH) this.#names.set(ending, this.#at);
      const dot = ending.indexOf(".");
      const label = labelBytes(dot < 0 ? ending : ending.slice(0, dot));
      this.raw(Buffer.of(label.length));
      this.raw(label);
      ending = dot < 0 ? "" : ending.slice(dot + 1);
    }
    this.raw(Buffer.of(0));
  }

  record({ name, type, ttl, data }: Rr, class_: number = CLASSES.IN): void {
    this.name(name);
    this.uint16(type);
    this.uint16(class_);
    this.uint32(ttl);
    const lengthAt = this.#at;
    this.uint16(0);
    const shape = compressible(type);
    let from = 0;
    if (shape) {
      this.raw(data.subarray(0, shape.before));
      from = shape.before;
      for (let left = shape.names; left > 0; left--) {
        this.name(nameText(data, from));
        while (data[from]! > 0) from += 1 + data[from]!;
        from += 1;
      }
    }
    this.raw(data.subarray(from));
    this.#bytes.writeUInt16BE(this.#at - lengthAt - 2, lengthAt);
  }

  setUint16(at: number, value: number): void {
    this.#bytes.writeUInt16BE(value, at);
  }

  /** Forgets everything behind `length`: what did not fit. */
  cut(length: number): void {
    this.#at = length;
    for (const [name, at] of this.#names) if (at >= length) this.#names.delete(name);
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + more));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
