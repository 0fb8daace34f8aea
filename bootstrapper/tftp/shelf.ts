/** Files in memory, piece by piece: each piece once for all who fetch it, and the one unused for longest makes room. */
import { type Chunk, chunk } from "./content.ts";

/** Bytes: how large a piece is, and how much all of them may take. */
export interface ShelfLimits {
  readonly piece: number;
  readonly all: number;
}

/** A kernel, and the parts of an initrd that a rack reads at the same time. */
export const SHELF: ShelfLimits = { piece: 1 << 20, all: 128 << 20 };
/** What a small piece counts as, so that a million of them do not fit either. */
const LEAST = 1 << 16;
/** Pieces on their way from the disk. */
const READERS = 8;

/** As Node's FileHandle reads. */
export interface Readable {
  read(into: Uint8Array, at: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

interface Piece {
  readonly chunk: Chunk;
  usedAt: number;
}

export class Shelf {
  readonly limits: ShelfLimits;
  readonly #pieces = new Map<Book, Map<number, Piece>>();
  #held = 0;
  #clock = 0;
  #reading = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: ShelfLimits) {
    this.limits = limits;
  }

  /** A file that was just opened. The shelf closes nothing; `Book.forget` gives its memory back. */
  book(handle: Readable, size: number): Book {
    const book = new Book(this, handle, size);
    this.#pieces.set(book, new Map());
    return book;
  }

  find(book: Book, index: number): Chunk | undefined {
    const piece = this.#pieces.get(book)?.get(index);
    if (!piece) return undefined;
    piece.usedAt = ++this.#clock;
    return piece.chunk;
  }

  put(book: Book, index: number, made: Chunk): void {
    this.#pieces.get(book)?.set(index, { chunk: made, usedAt: ++this.#clock });
    this.#held += weight(made);
    while (this.#held > this.limits.all && this.#dropOne(made));
  }

  forget(book: Book): void {
    for (const { chunk } of this.#pieces.get(book)?.values() ?? []) this.#held -= weight(chunk);
    this.#pieces.delete(book);
  }

  /** Few read at one time, or what is on its way from the disk would have no bound. */
  async inTurn(read: () => Promise<void>): Promise<void> {
    if (this.#reading === READERS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#reading += 1;
    try {
      await read();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#reading -= 1;
    }
  }

  #dropOne(kept: Chunk): boolean {
    let oldest: { pieces: Map<number, Piece>; index: number; piece: Piece } | undefined;
    for (const pieces of this.#pieces.values()) {
      for (const [index, piece] of pieces) {
        if (piece.chunk !== kept && piece.usedAt < (oldest?.piece.usedAt ?? Number.POSITIVE_INFINITY)) oldest = { pieces, index, piece };
      }
    }
    if (!oldest) return false;
    oldest.pieces.delete(oldest.index);
    this.#held -= weight(oldest.piece.chunk);
    return true;
  }
}

/** One version of one file. */
export class Book {
  readonly size: number;
  readonly #shelf: Shelf;
  readonly #handle: Readable;
  readonly #loading = new Map<number, Promise<void>>();

  constructor(shelf: Shelf, handle: Readable, size: number) {
    this.#shelf = shelf;
    this.#handle = handle;
    this.size = size;
  }

  at(offset: number): Chunk | undefined {
    return this.#shelf.find(this, this.#index(offset));
  }

  /** The piece with this byte, and the one after it without being waited for: who reads on will want it next. */
  async load(offset: number): Promise<void> {
    const index = this.#index(offset);
    const wanted = this.#read(index);
    if ((index + 1) * this.#shelf.limits.piece < this.size) this.#read(index + 1).catch(() => {}); // whoever needs it hears of it
    await wanted;
  }

  forget(): void {
    this.#shelf.forget(this);
  }

  #index(offset: number): number {
    return Math.floor(offset / this.#shelf.limits.piece);
  }

  #read(index: number): Promise<void> {
    if (this.#shelf.find(this, index)) return Promise.resolve();
    const before = this.#loading.get(index);
    if (before) return before;
    const start = index * this.#shelf.limits.piece;
    const length = Math.min(this.#shelf.limits.piece, this.size - start);
    const reading = this.#shelf.inTurn(async () => {
      this.#shelf.put(this, index, chunk(start, await readExactly(this.#handle, start, length)));
    });
    this.#loading.set(index, reading);
    return reading.finally(() => this.#loading.delete(index));
  }
}

const weight = ({ bytes }: Chunk): number => Math.max(LEAST, bytes.length);

async function readExactly(handle: Readable, offset: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw new Error(`the file ended at byte ${offset + at} while it was sent; it was longer when it was opened`);
    at += bytesRead;
  }
  return bytes;
}
