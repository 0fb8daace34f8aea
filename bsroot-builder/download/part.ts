/** The half of a file that has arrived: TARGET.part, beside it TARGET.part.json with what it takes to go on after a cut or a kill. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Whose half this is. Another URL, or another validator, and it is worth nothing. */
interface Origin {
  readonly url: string;
  readonly validator: string;
  readonly size?: number;
}

export class Part {
  readonly path: string;
  received = 0;
  origin: Origin | undefined;
  #algorithms: readonly string[];
  #hashes: Hash[];
  #file: FileHandle;

  private constructor(path: string, file: FileHandle, algorithms: readonly string[]) {
    this.path = path;
    this.#file = file;
    this.#algorithms = algorithms;
    this.#hashes = algorithms.map((name) => createHash(name));
  }

  /** Takes up what an earlier run left for this URL, hashing it again: a hash under way cannot be kept on disk. */
  static async open(target: string, url: string, algorithms: readonly string[]): Promise<Part> {
    await mkdir(dirname(target), { recursive: true });
    const path = `${target}.part`;
    const origin = await readOrigin(path);
    const part = new Part(path, await open(path, "a+"), algorithms);
    if (origin?.url !== url) {
      await part.restart();
      return part;
    }
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) part.#count(chunk as Uint8Array);
    part.origin = origin;
    return part;
  }

  /** Remembers where the coming bytes are from, before the first of them is written. */
  async from(origin: Partial<Origin> & { readonly url: string }): Promise<void> {
    this.origin = origin.validator === undefined ? undefined : { ...origin, validator: origin.validator };
    if (this.origin) await writeFile(noteOf(this.path), JSON.stringify(this.origin));
    else await rm(noteOf(this.path), { force: true });
  }

  async append(chunk: Uint8Array): Promise<void> {
    await this.#file.appendFile(chunk);
    this.#count(chunk);
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    await rm(noteOf(this.path), { force: true });
    this.received = 0;
    this.origin = undefined;
    this.#hashes = this.#algorithms.map((name) => createHash(name));
  }

  /** The hashes of all that arrived, in the order of their names, still open for more bytes. */
  hashes(): Hash[] {
    return this.#hashes.map((hash) => hash.copy());
  }

  /** On disk, for good. The note stays until the file has its name, so that a kill in between costs no second download. */
  async complete(): Promise<void> {
    await this.#file.chmod(0o644); // what the bootstrapper serves is readable, whatever the umask here
    await this.#file.sync();
    await this.#file.close();
  }

  /** Gives the complete file its name. */
  async place(target: string): Promise<void> {
    await rename(this.path, target);
    await rm(noteOf(this.path), { force: true });
  }

  /** Keeps what arrived for the next run. */
  async close(): Promise<void> {
    if (this.received === 0) return this.discard();
    await this.#file.close();
  }

  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.path, { force: true });
    await rm(noteOf(this.path), { force: true });
  }

  #count(chunk: Uint8Array): void {
    for (const hash of this.#hashes) hash.update(chunk);
    this.received += chunk.length;
  }
}

const noteOf = (path: string): string => `${path}.json`;

/** An unreadable note is no note: the download starts over. */
async function readOrigin(path: string): Promise<Origin | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(noteOf(path), "utf8"));
    const { url, validator, size } = note as Record<string, unknown>;
    if (typeof url !== "string" || typeof validator !== "string") return undefined;
    return { url, validator, ...(typeof size === "number" && { size }) };
  } catch {
    return undefined;
  }
}
