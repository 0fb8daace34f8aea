/** Files as a whole rack fetches them at once: read in pieces, each once for everybody, and kept in memory while somebody still wants it. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";

/** One version of a file: when it is replaced, `tag` becomes another. */
export interface Version {
  /** Absolute, without links. */
  readonly path: string;
  readonly tag: string;
  readonly size: number;
}

/** Bytes. Large enough that a machine alone is as fast as its wire, small enough for a rack of slow ones. */
const PIECE = 256 << 10;
/** Bytes of pieces that nobody may be waiting for: kernels and initrds, not images. */
const KEPT = 64 << 20;

type Piece = Uint8Array | Promise<Uint8Array>;
/** Opened once it must be read, and closed when nobody fetches it any more. */
interface Opened {
  handle?: Promise<FileHandle>;
  users: number;
}

/** Strong, so that If-Range may trust it (RFC 9110 §8.8.1): a bsroot's files are replaced by renaming, never written in place. */
export const tagOf = ({ size, mtimeMs, ino }: Pick<Stats, "size" | "mtimeMs" | "ino">): string =>
  `"${[size, mtimeMs, ino].map((n) => Math.trunc(n).toString(36)).join("-")}"`;

export class HotFiles {
  readonly #kept: number;
  /** Least recently used first. */
  readonly #pieces = new Map<string, Piece>();
  readonly #opened = new Map<string, Opened>();
  #bytes = 0;
  #reads = 0;

  /** `kept`: bytes that stay in memory. */
  constructor(kept = KEPT) {
    this.#kept = kept;
  }

  /** How often the disk was asked. */
  get reads(): number {
    return this.#reads;
  }

  /** The bytes from `start` up to and without `end`. Fails when the file on the disk is not that version. */
  stream(file: Version, start: number, end: number): Readable {
    return new Reading(this, file, start, Math.min(end, file.size));
  }

  /** Piece number `index`: at once when it is in memory. Only between `enter` and `leave`. */
  piece(file: Version, index: number): Piece {
    const key = `${keyOf(file)}\0${index}`;
    const known = this.#pieces.get(key);
    if (known) {
      this.#pieces.delete(key);
      this.#pieces.set(key, known);
      return known;
    }
    const reading = this.#read(file, index);
    this.#pieces.set(key, reading);
    reading.then(
      (bytes) => this.#keep(key, bytes),
      () => this.#pieces.delete(key),
    );
    return reading;
  }

  enter(file: Version): void {
    const opened = this.#opened.get(keyOf(file)) ?? { users: 0 };
    opened.users += 1;
    this.#opened.set(keyOf(file), opened);
  }

  leave(file: Version): void {
    const opened = this.#opened.get(keyOf(file))!;
    opened.users -= 1;
    if (opened.users > 0) return;
    this.#opened.delete(keyOf(file));
    opened.handle?.then((handle) => handle.close()).catch(() => {}); // it could not be opened, which its reader was told
  }

  async #read(file: Version, index: number): Promise<Uint8Array> {
    const opened = this.#opened.get(keyOf(file))!;
    opened.handle ??= openVersion(file);
    const handle = await opened.handle;
    const bytes = Buffer.allocUnsafeSlow(Math.min(PIECE, file.size - index * PIECE));
    for (let at = 0; at < bytes.length; ) {
      this.#reads += 1;
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, index * PIECE + at);
      if (bytesRead === 0) throw new Error(`${file.path} ended while it was sent; it was longer before`);
      at += bytesRead;
    }
    return bytes;
  }

  #keep(key: string, bytes: Uint8Array): void {
    this.#pieces.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, piece] of this.#pieces) {
      if (this.#bytes <= this.#kept) return;
      if (piece instanceof Promise) continue; // somebody waits for it
      this.#pieces.delete(oldest);
      this.#bytes -= piece.length;
    }
  }
}

class Reading extends Readable {
  readonly #files: HotFiles;
  readonly #file: Version;
  readonly #end: number;
  #at: number;

  constructor(files: HotFiles, file: Version, start: number, end: number) {
    super({ highWaterMark: PIECE });
    this.#files = files;
    this.#file = file;
    this.#at = start;
    this.#end = end;
    files.enter(file);
  }

  override _read(): void {
    if (this.#at >= this.#end) {
      this.push(null);
      return;
    }
    const piece = this.#files.piece(this.#file, Math.floor(this.#at / PIECE));
    if (piece instanceof Promise)
      piece.then(
        (bytes) => this.#give(bytes),
        (error: Error) => this.destroy(error),
      );
    else this.#give(piece);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#files.leave(this.#file);
    done(error);
  }

  #give(bytes: Uint8Array): void {
    if (this.destroyed) return;
    const from = this.#at % PIECE;
    const part = bytes.subarray(from, from + this.#end - this.#at);
    this.#at += part.length;
    this.push(part);
  }
}

const keyOf = ({ path, tag }: Version): string => `${path}\0${tag}`;

async function openVersion({ path, tag }: Version): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if (tagOf(await handle.stat()) === tag) return handle;
  await handle.close();
  throw new Error(`${path} was replaced while it was asked for`);
}
