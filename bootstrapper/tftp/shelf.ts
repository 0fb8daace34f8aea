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
  readonly #books = new Set<Book>();
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
    this.#books.add(book);
    return book;
  }

  /** The hour, by which it is told what was unused for longest. */
  tick(): number {
    return ++this.#clock;
  }

  /** Something was put into a book: others may have to go. */
  grown(made: Chunk): void {
    this.#held += weight(made);
    while (this.#held > this.limits.all && this.#dropOne(made));
  }

  forget(book: Book): void {
    for (const { chunk } of book.pieces.values()) this.#held -= weight(chunk);
    this.#books.delete(book);
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
    let oldest: { book: Book; index: number; piece: Piece } | undefined;
    for (const book of this.#books) {
      for (const [index, piece] of book.pieces) {
        if (piece.chunk !== kept && piece.usedAt < (oldest?.piece.usedAt ?? Number.POSITIVE_INFINITY)) oldest = { book, index, piece };
      }
    }
    if (!oldest) return false;
    oldest.book.pieces.delete(oldest.index);
    this.#held -= weight(oldest.piece.chunk);
    return true;
  }
}

/** One version of one file. */
export class Book {
  readonly size: number;
  /** Those in memory, by their number; the shelf takes them out again. */
  readonly pieces = new Map<number, Piece>();
  readonly #shelf: Shelf;
  readonly #handle: Readable;
  readonly #length: number;
  readonly #loading = new Map<number, Promise<void>>();
  #forgotten = false;

  constructor(shelf: Shelf, handle: Readable, size: number) {
    this.#shelf = shelf;
    this.#handle = handle;
    this.#length = shelf.limits.piece;
    this.size = size;
  }

  at(offset: number): Chunk | undefined {
    const piece = this.pieces.get(Math.floor(offset / this.#length));
    if (!piece) return undefined;
    piece.usedAt = this.#shelf.tick();
    return piece.chunk;
  }

  /** The piece with this byte, and the one after it without being waited for: who reads on will want it next. */
  async load(offset: number): Promise<void> {
    const wanted = this.#read(offset);
    if (offset + this.#length < this.size) this.#read(offset + this.#length).catch(() => {}); // whoever needs it hears of it
    await wanted;
  }

  forget(): void {
    this.#forgotten = true;
    this.#shelf.forget(this);
  }

  #read(offset: number): Promise<void> {
    if (this.at(offset)) return Promise.resolve();
    const index = Math.floor(offset / this.#length);
    const before = this.#loading.get(index);
    if (before) return before;
    const start = index * this.#length;
    const reading = this.#shelf
      .inTurn(async () =>
        this.#keep(index, chunk(start, await readExactly(this.#handle, start, Math.min(this.#length, this.size - start)))),
      )
      .finally(() => this.#loading.delete(index));
    this.#loading.set(index, reading);
    return reading;
  }

  #keep(index: number, made: Chunk): void {
    if (this.#forgotten) return;
    this.pieces.set(index, { chunk: made, usedAt: this.#shelf.tick() });
    this.#shelf.grown(made);
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
