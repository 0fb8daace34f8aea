/**
 * Finished answers to plain questions of our neighbours about our own names: from a datagram to its answer without an object on the way.
 * What is asked has its place in a table of fixed size; when its few places are taken, the newest takes one of them.
 */
import { HEADER_SIZE } from "./survey.ts";

/** A power of two. With answers of 512 bytes, 4 MB. */
const PLACES = 8192;
/** A power of two: questions that hash to the same place and are kept side by side. */
const NEIGHBOURS = 4;
/** Bytes; larger answers are rare, and made anew each time. */
const LARGEST = 512;
/** Milliseconds that an answer which hangs on leases is kept. */
const UNSTEADY = 500;
const OPT_SIZE = 11;

interface Kept {
  readonly hash: number;
  readonly meta: number;
  /** The question section, its name in lower case. */
  readonly question: Buffer;
  /** The same answer in each order that its addresses can take turns in. */
  readonly answers: readonly Buffer[];
  turn: number;
  readonly until: number;
}

const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte));

export class PacketCache {
  readonly #places: (Kept | undefined)[] = new Array<Kept | undefined>(PLACES).fill(undefined);
  // What identify() found out about the message at hand.
  #hash = 0;
  #meta = 0;
  #end = 0;

  /** The answer, ready to be sent. `now`: milliseconds. */
  find(message: Buffer, now: number): Buffer | undefined {
    if (!this.#identify(message)) return undefined;
    const place = this.#placeOf(message);
    const kept = place < 0 ? undefined : this.#places[place];
    if (kept === undefined || now >= kept.until) return undefined;
    const { answers } = kept;
    let turn = 0;
    if (answers.length > 1) {
      turn = kept.turn;
      kept.turn = turn + 1 < answers.length ? turn + 1 : 0;
    }
    const finished = answers[turn]!;
    const answer = Buffer.allocUnsafe(finished.length);
    finished.copy(answer, this.#end, this.#end);
    for (let at = 2; at < HEADER_SIZE; at++) answer[at] = finished[at]!;
    answer[0] = message[0]!;
    answer[1] = message[1]!;
    for (let at = HEADER_SIZE; at < this.#end; at++) answer[at] = message[at]!; // the client's capitals
    return answer;
  }

  /** Keeps an answer to `message` if it is a plain question. */
  keep(message: Buffer, answers: readonly Buffer[], steady: boolean, now: number): void {
    if (answers.some(({ length }) => length > LARGEST) || !this.#identify(message)) return;
    const question = Buffer.from(message.subarray(HEADER_SIZE, this.#end));
    for (let at = 0; at < question.length - 4; at++) question[at] = LOWER[question[at]!]!;
    const until = steady ? Number.POSITIVE_INFINITY : now + UNSTEADY;
    const turn = answers.length > 1 ? 1 : 0; // the first has just gone out
    const kept = { hash: this.#hash, meta: this.#meta, question, answers: answers.map((one) => Buffer.from(one)), turn, until };
    const place = this.#placeOf(message);
    this.#places[place < 0 ? this.#roomFor() : place] = kept;
  }

  /** Something changed: no answer can be trusted any more. */
  clear(): void {
    this.#places.fill(undefined);
  }

  /** Where the question at hand is kept; -1 when it is not. */
  #placeOf(message: Buffer): number {
    const first = this.#firstPlace();
    for (let place = first; place < first + NEIGHBOURS; place++) {
      const kept = this.#places[place];
      if (kept !== undefined && kept.hash === this.#hash && kept.meta === this.#meta && this.#asks(message, kept.question)) return place;
    }
    return -1;
  }

  /** Where the question at hand may be put: a place that is free, or any of its own. */
  #roomFor(): number {
    const first = this.#firstPlace();
    for (let place = first; place < first + NEIGHBOURS; place++) if (this.#places[place] === undefined) return place;
    return first + ((this.#hash >>> 24) & (NEIGHBOURS - 1));
  }

  #firstPlace(): number {
    return this.#hash & (PLACES - 1) & ~(NEIGHBOURS - 1);
  }

  #asks(message: Buffer, question: Buffer): boolean {
    const { length } = question;
    if (HEADER_SIZE + length !== this.#end) return false;
    for (let at = 0; at < length - 4; at++) if (question[at] !== LOWER[message[HEADER_SIZE + at]!]) return false;
    for (let at = length - 4; at < length; at++) if (question[at] !== message[HEADER_SIZE + at]) return false;
    return true;
  }

  /** Whether it is a plain question: one name, no flags but RD, AD and CD, and EDNS at most without options. */
  #identify(message: Buffer): boolean {
    const { length } = message;
    if (length < HEADER_SIZE + 5 || (message[2]! & 0xfe) !== 0 || (message[3]! & 0xcf) !== 0) return false;
    if (message[4] !== 0 || message[5] !== 1 || message[6] !== 0 || message[7] !== 0 || message[8] !== 0 || message[9] !== 0) return false;
    if (message[10] !== 0 || message[11]! > 1) return false;
    let hash = 0x811c9dc5; // FNV-1a
    let at = HEADER_SIZE;
    for (let label = message[at]!; label !== 0; label = message[at]!) {
      const end = at + 1 + label;
      if (label > 63 || end >= length) return false;
      for (; at < end; at++) hash = Math.imul(hash ^ LOWER[message[at]!]!, 0x01000193);
    }
    const end = at + 5;
    if (end > length || end - HEADER_SIZE > 259) return false;
    for (; at < end; at++) hash = Math.imul(hash ^ message[at]!, 0x01000193);
    let meta = ((message[2]! & 1) << 19) | ((message[3]! & 0x10) << 14);
    if (message[11] === 1) {
      if (length !== end + OPT_SIZE || message[end] !== 0 || message[end + 1] !== 0 || message[end + 2] !== 41) return false;
      // No extended code, version 0, no flag but DO, no options.
      if (message[end + 5] !== 0 || message[end + 6] !== 0 || (message[end + 7]! & 0x7f) !== 0 || message[end + 8] !== 0) return false;
      if (message[end + 9] !== 0 || message[end + 10] !== 0) return false;
      meta |= 0x20000 | ((message[end + 7]! & 0x80) << 9) | (((message[end + 3]! << 8) | message[end + 4]!) & 0xffff);
    } else if (length !== end) return false;
    this.#hash = Math.imul(hash ^ meta, 0x01000193) >>> 0;
    this.#meta = meta;
    this.#end = end;
    return true;
  }
}
