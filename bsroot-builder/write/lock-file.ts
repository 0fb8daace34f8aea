/** sextant.lock on disk, beside the description. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Lock, LockedArtifact } from "../../cluster/layout.ts";
import { EMPTY, formatLock, parseLock } from "../lock.ts";
import { writeWhole } from "./atomic.ts";
import { Saves } from "./saves.ts";

export class LockFileError extends Error {}

export const lockPath = (description: string): string => join(dirname(description), "sextant.lock");

/** What is not there pins nothing. Throws LockFileError when it is there and cannot be understood. */
export async function readLock(path: string): Promise<Lock> {
  try {
    return parseLock(await readFile(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return EMPTY;
    throw new LockFileError(`${path}: ${(error as Error).message}; restore it, or delete it to have everything resolved anew`);
  }
}

/**
 * The lock while a build adds to it. Pins reach the disk as they come, of many small files several at once: what a killed build had not written yet is
 * fetched again, and nothing else is lost.
 */
export class GrowingLock {
  readonly #saves: Saves;
  #versions: Lock["versions"];
  #images: Lock["images"];
  readonly #artifacts: Record<string, LockedArtifact>;

  /** Without a path it is kept nowhere. */
  constructor(path: string | undefined, { versions, images, artifacts }: Lock) {
    this.#versions = versions;
    this.#images = images;
    this.#artifacts = { ...artifacts };
    let written = formatLock(this.value);
    this.#saves = new Saves(async () => {
      const text = formatLock(this.value);
      if (path === undefined || text === written) return;
      await writeWhole(path, text);
      written = text;
    });
  }

  /** As it is now; `artifacts` goes on growing. */
  get value(): Lock {
    return { version: 1, versions: this.#versions, images: this.#images, artifacts: this.#artifacts };
  }

  async setVersions(versions: Lock["versions"]): Promise<void> {
    this.#versions = versions;
    await this.#save();
  }

  async setImages(images: Lock["images"]): Promise<void> {
    this.#images = images;
    await this.#save();
  }

  async pin(artifacts: Readonly<Record<string, LockedArtifact>>): Promise<void> {
    Object.assign(this.#artifacts, artifacts);
    await this.#saves.soon();
  }

  /** Forgets what is not listed. */
  async keepOnly(paths: ReadonlySet<string>): Promise<void> {
    for (const path of Object.keys(this.#artifacts)) if (!paths.has(path)) delete this.#artifacts[path];
    await this.#save();
  }

  /** Every pin is on disk when the promise resolves. */
  async save(): Promise<void> {
    await this.#saves.all();
  }

  async #save(): Promise<void> {
    await this.#saves.soon();
    await this.#saves.all();
  }
}
