/** The half of a file that has arrived: TARGET.part, beside it TARGET.part.json with what it takes to go on after a cut or a kill. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Whose half this is. Another URL, or another validator, and it is worth nothing. */
interface Origin {
  readonly url: string;
  /** Absent: only a hash will tell whether the rest fits. */
  readonly validator?: string;
  readonly size?: number;
}

/** Bytes that are written at once; while they go to the disk the next ones come and are hashed. */
const BATCH = 1 << 20;
/** From so many bytes on a file is brought to the disk by itself. */
const LARGE = 16 << 20;

export class Part {
  readonly path: string;
  received = 0;
  origin: Origin | undefined;
  #algorithms: readonly string[];
  #hashes: Hash[];
  #file: FileHandle;
  /** Whether the note is there. */
  #noted = false;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, algorithms: readonly string[]) {
    this.path = path;
    this.#file = file;
    this.#algorithms = algorithms;
    this.#hashes = algorithms.map((name) => createHash(name));
  }

  /** Takes up what an earlier run left for this URL, hashing it again: a hash under way cannot be kept on disk. */
  static async open(target: string, url: string, algorithms: readonly string[]): Promise<Part> {
    const path = `${target}.part`;
    const origin = await readOrigin(path);
    if (origin?.url !== url) {
      if (origin) await rm(noteOf(path), { force: true });
      return new Part(path, await create(path), algorithms);
    }
    const part = new Part(path, await open(path, "a+"), algorithms);
    part.#noted = true;
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) part.#count(chunk as Uint8Array);
    part.origin = origin;
    return part;
  }

  /** Where the coming bytes are from, remembered before the first of them is written; undefined: nobody could go on with them. */
  async from(origin: Origin | undefined): Promise<void> {
    await this.#forgetOrigin();
    this.origin = origin;
  }

  /** Throws what writing earlier bytes ended with. */
  async append(chunk: Uint8Array): Promise<void> {
    this.#count(chunk);
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= BATCH) await this.#flush();
  }

  async restart(): Promise<void> {
    await this.#writing.catch(() => {});
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writing = Promise.resolve();
    await this.#file.truncate(0);
    await this.#forgetOrigin();
    this.received = 0;
    this.#hashes = this.#algorithms.map((name) => createHash(name));
  }

  /** The hashes of all that arrived, in the order of their names, still open for more bytes. */
  hashes(): Hash[] {
    return this.#hashes.map((hash) => hash.copy());
  }

  /** All that arrived can be read by its path. */
  async written(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  /** What is large is on disk, for good; for the rest see Notes. The note stays until the file has its name, so that a kill costs no second download. */
  async complete(): Promise<void> {
    await this.written();
    if (process.umask() !== 0o022) await this.#file.chmod(0o644); // what the bootstrapper serves is readable, whatever the umask here
    if (this.received >= LARGE) await this.#file.sync();
    await this.#file.close();
  }

  /** Gives the complete file its name. */
  async place(target: string): Promise<void> {
    await rename(this.path, target);
    await this.#forgetOrigin();
  }

  /** Keeps what arrived for the next run, if it is any good there. */
  async close(): Promise<void> {
    if (this.received === 0 || !this.origin) return this.discard();
    await this.written().catch(() => {}); // what did not fit on the disk comes again
    await this.#noteOrigin().catch(() => {});
    await this.#file.close();
  }

  async discard(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#file.close();
    await rm(this.path, { force: true });
    await this.#forgetOrigin();
  }

  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#waiting.length === 0) return;
    if (this.received >= BATCH) await this.#noteOrigin(); // less is sooner fetched again
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writing = this.#write(chunks);
    this.#writing.catch(() => {}); // the next one to wait for it hears it
  }

  async #write(chunks: readonly Uint8Array[]): Promise<void> {
    const { bytesWritten } = await this.#file.writev(chunks);
    if (bytesWritten === chunks.reduce((sum, { length }) => sum + length, 0)) return;
    const left = Buffer.concat(chunks).subarray(bytesWritten);
    await this.#file.appendFile(left); // a full disk takes some of it, and only then says so
  }

  async #noteOrigin(): Promise<void> {
    if (!this.origin || this.#noted) return;
    this.#noted = true;
    await writeFile(noteOf(this.path), JSON.stringify(this.origin));
  }

  async #forgetOrigin(): Promise<void> {
    this.origin = undefined;
    if (this.#noted) await rm(noteOf(this.path), { force: true });
    this.#noted = false;
  }

  #count(chunk: Uint8Array): void {
    for (const hash of this.#hashes) hash.update(chunk);
    this.received += chunk.length;
  }
}

const noteOf = (path: string): string => `${path}.json`;

/** Its folder is there nearly always. */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, "w");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(path, "w");
  }
}

/** An unreadable note is no note: the download starts over. */
async function readOrigin(path: string): Promise<Origin | undefined> {
  if (!existsSync(noteOf(path))) return undefined; // far cheaper than a read that fails, ten thousand times
  try {
    const note: unknown = JSON.parse(await readFile(noteOf(path), "utf8"));
    const { url, validator, size } = note as Record<string, unknown>;
    if (typeof url !== "string") return undefined;
    return { url, ...(typeof validator === "string" && { validator }), ...(typeof size === "number" && { size }) };
  } catch {
    return undefined;
  }
}
