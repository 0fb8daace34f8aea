/** A file that only grows until it is written anew: what waits is written as one batch, behind one sync, and then promised. */
import { constants } from "node:fs";
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { StoreError } from "./error.ts";
import { decodeLines, encodeLine, type Line } from "./record.ts";
import type { When } from "./store.ts";

export interface AppendOptions {
  /** `each`: an item is promised when it is on disk. `lazy`: it survives the process at once, and a power cut a second later. */
  readonly sync: "each" | "lazy";
  /** Everything the file must say, as JSON items: what it is written anew from. */
  readonly snapshot: () => readonly string[];
  /** How many items that is. */
  readonly live: () => number;
}

interface Waiting {
  readonly item: string;
  readonly onWritten: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const APPENDED = constants.O_WRONLY | constants.O_APPEND;
/** Each write returns when it is on disk (open(2)): one trip to the disk's thread where a write and a sync would be two. */
const SYNCED = APPENDED | constants.O_DSYNC;

/** Bounds one line: what is read back is held in memory whole. */
const LARGEST_BATCH = 2000;
/** Milliseconds that an item waits at most for another to be written with. */
const SOON = 50;
/** Below this many superfluous items a file is not worth writing anew. */
const SLACK = 1000;

/** A whole file beside the one in use, that may take its place. */
interface Successor {
  readonly handle: FileHandle;
  /** Items in it. */
  readonly items: number;
}

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
  /** While a successor is being written, and until it takes over. */
  #drafting: Promise<Successor | undefined> | undefined;
  #successor: Successor | undefined;
  /** What a successor lacks: appended since its snapshot was taken. */
  #missing: string[] = [];
  #closed = false;
  #soon: NodeJS.Timeout | undefined;
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

  /** Rejects with StoreError when the disk refuses; the next item is tried afresh. `onWritten` is told first, in the order of appending. */
  append(item: string, onWritten: () => void, when: When = "now"): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreError(`${this.#path}: is closed`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, onWritten, resolve, reject });
      if (when === "now") this.#begin();
      else this.#soon ??= setTimeout(() => this.#begin(), SOON);
    });
  }

  #begin(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#working ??= this.#work();
  }

  /** Resolves when everything appended so far is on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#begin();
    await this.#working;
    await this.#drafting;
    await this.#successor?.handle.close();
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
        if (this.#items === Number.POSITIVE_INFINITY) await this.#writeAnew();
        else if (this.#successor) await this.#succeed(this.#successor);
        await this.#write(batch.map(({ item }) => item));
        for (const { item, onWritten, resolve } of batch) {
          if (this.#drafting) this.#missing.push(item); // in one breath with what its snapshot would have seen
          onWritten();
          resolve();
        }
        if (this.#items > 2 * this.#options.live() + SLACK) this.#drafting ??= this.#draftBeside();
      } catch (error) {
        // Half a line may stand at the end, and after a failed sync nobody knows what does: start over from the snapshot.
        this.#items = Number.POSITIVE_INFINITY;
        for (const { reject } of batch) reject(this.#refused(error));
      }
    }
    this.#working = undefined;
  }

  async #write(items: readonly string[]): Promise<void> {
    await this.#handle!.appendFile(encodeLine(items));
    this.#items += items.length;
    if (this.#options.sync === "lazy") this.#syncTimer ??= setTimeout(() => this.#syncLate(), 1000).unref();
  }

  #syncLate(): void {
    this.#syncTimer = undefined;
    this.#handle?.datasync().catch(() => {
      this.#items = Number.POSITIVE_INFINITY;
    });
  }

  /** Everything else waits for it: at the start, and when the end of the file is not known to be good. */
  async #writeAnew(): Promise<void> {
    await this.#drafting;
    await this.#successor?.handle.close().catch(() => undefined);
    this.#forgetSuccessor();
    await this.#succeed(await this.#draft());
  }

  /** While the old file goes on taking what is appended, so that nobody waits for a large one. */
  async #draftBeside(): Promise<Successor | undefined> {
    try {
      this.#successor = await this.#draft();
    } catch {
      this.#forgetSuccessor(); // the old file is as good as before; a disk that refuses is noticed by what is appended to that
    }
    return this.#successor;
  }

  async #draft(): Promise<Successor> {
    const items = this.#options.snapshot();
    const path = `${this.#path}.new`;
    const draft = await open(path, "w", 0o600);
    try {
      await draft.appendFile(encodeLine([HEADER]));
      for (let at = 0; at < items.length; at += LARGEST_BATCH) await draft.appendFile(encodeLine(items.slice(at, at + LARGEST_BATCH)));
      await draft.sync(); // as a whole, which is quicker than line by line
    } finally {
      await draft.close();
    }
    return { handle: await open(path, this.#options.sync === "each" ? SYNCED : APPENDED), items: items.length };
  }

  /** It takes the old one's place only when it is whole and on disk: a crash leaves one of the two. */
  async #succeed({ handle, items }: Successor): Promise<void> {
    const missing = this.#missing;
    if (missing.length > 0) await handle.appendFile(encodeLine(missing));
    await rename(`${this.#path}.new`, this.#path);
    await syncFolder(dirname(this.#path));
    await this.#handle?.close().catch(() => undefined);
    this.#handle = handle;
    this.#items = items + missing.length;
    this.#forgetSuccessor();
  }

  #forgetSuccessor(): void {
    this.#successor = undefined;
    this.#drafting = undefined;
    this.#missing = [];
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
