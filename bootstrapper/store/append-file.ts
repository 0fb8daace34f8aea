/** A file that only grows until it is written anew: what waits is written as one batch, behind one sync, and then promised. */
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { StoreError } from "./error.ts";
import { decodeLines, encodeLine, type Line } from "./record.ts";

export interface AppendOptions {
  /** `each`: an item is promised when it is on disk. `lazy`: it survives the process at once, and a power cut a second later. */
  readonly sync: "each" | "lazy";
  /** Everything the file must say, as JSON items: what it is written anew from. */
  readonly snapshot: () => readonly string[];
  /** How many items that is. */
  readonly live: () => number;
  /** Told once an item is safe, in the order of their appending. */
  readonly onWritten: (item: string) => void;
}

interface Waiting {
  readonly item: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Bounds one line: what is read back is held in memory whole. */
const LARGEST_BATCH = 2000;
/** Below this many superfluous items a file is not worth writing anew. */
const SLACK = 1000;

/** The lines of a file; none when it does not exist. */
export async function readLines(path: string): Promise<readonly Line[]> {
  try {
    return decodeLines(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new StoreError(`${path}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

export class AppendFile {
  readonly #path: string;
  readonly #options: AppendOptions;
  readonly #waiting: Waiting[] = [];
  #handle: FileHandle | undefined;
  /** Items in the file; infinite when its end is not known to be good, so that it is written anew first. */
  #items = Number.POSITIVE_INFINITY;
  #working: Promise<void> | undefined;
  #closed = false;
  #syncTimer: NodeJS.Timeout | undefined;

  constructor(path: string, options: AppendOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Writes the file from the snapshot: what a reader found spoilt is gone then, and a folder that cannot be written is known at once. */
  async start(): Promise<void> {
    try {
      await this.#writeAnew();
    } catch (error) {
      throw this.#refused(error);
    }
  }

  /** Rejects with StoreError when the disk refuses; the next item is tried afresh. */
  append(item: string): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreError(`${this.#path}: is closed`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Resolves when everything appended so far is on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    clearTimeout(this.#syncTimer);
    await this.#handle?.datasync().catch(() => undefined);
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #work(): Promise<void> {
    await Promise.resolve(); // what is appended in the same breath goes into the same batch
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, LARGEST_BATCH);
      try {
        if (this.#items > 2 * this.#options.live() + SLACK) await this.#writeAnew();
        await this.#write(batch.map(({ item }) => item));
        for (const { item, resolve } of batch) {
          this.#options.onWritten(item);
          resolve();
        }
      } catch (error) {
        // Half a line may stand at the end, and after a failed sync nobody knows what does: start over from the snapshot.
        this.#items = Number.POSITIVE_INFINITY;
        for (const { reject } of batch) reject(this.#refused(error));
      }
    }
    this.#working = undefined;
  }

  async #write(items: readonly string[]): Promise<void> {
    const handle = this.#handle!;
    await handle.appendFile(encodeLine(items));
    this.#items += items.length;
    if (this.#options.sync === "each") await handle.datasync();
    else this.#syncTimer ??= setTimeout(() => this.#syncLate(), 1000).unref();
  }

  #syncLate(): void {
    this.#syncTimer = undefined;
    this.#handle?.datasync().catch(() => {
      this.#items = Number.POSITIVE_INFINITY;
    });
  }

  /** A new file takes the old one's place only when it is whole and on disk: a crash leaves one of the two. */
  async #writeAnew(): Promise<void> {
    const items = this.#options.snapshot();
    const next = await open(`${this.#path}.new`, "w", 0o600);
    try {
      await next.appendFile(encodeLine([HEADER]));
      for (let at = 0; at < items.length; at += LARGEST_BATCH) await next.appendFile(encodeLine(items.slice(at, at + LARGEST_BATCH)));
      await next.sync();
      await rename(`${this.#path}.new`, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await next.close();
      throw error;
    }
    await this.#handle?.close().catch(() => undefined);
    this.#handle = next;
    this.#items = items.length;
  }

  #refused(error: unknown): StoreError {
    return new StoreError(`${this.#path}: cannot be written: ${(error as Error).message}; free or repair its disk`, { cause: error });
  }
}

/** The first line of each file; a later format counts up. */
export const HEADER = JSON.stringify({ sextant: "state", version: 1 });

/** A rename is on disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
