/** sextant.lock on disk, beside the description. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Lock, LockedArtifact } from "../../cluster/layout.ts";
import { EMPTY, formatLock, parseLock } from "../lock.ts";
import { writeWhole } from "./atomic.ts";

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

/** The lock while a build adds to it. Every pin is on disk before its file gets its name, so a killed build forgets nothing. */
export class GrowingLock {
  readonly #path: string;
  #lock: Lock;
  #written: string;
  #queue: Promise<void> = Promise.resolve();

  constructor(path: string, lock: Lock) {
    this.#path = path;
    this.#lock = lock;
    this.#written = formatLock(lock);
  }

  get value(): Lock {
    return this.#lock;
  }

  setVersions(versions: Lock["versions"]): Promise<void> {
    this.#lock = { ...this.#lock, versions };
    return this.#save();
  }

  setImages(images: Lock["images"]): Promise<void> {
    this.#lock = { ...this.#lock, images };
    return this.#save();
  }

  pin(artifacts: Readonly<Record<string, LockedArtifact>>): Promise<void> {
    this.#lock = { ...this.#lock, artifacts: { ...this.#lock.artifacts, ...artifacts } };
    return this.#save();
  }

  /** Forgets what is not listed. */
  keepOnly(paths: ReadonlySet<string>): Promise<void> {
    this.#lock = { ...this.#lock, artifacts: Object.fromEntries(Object.entries(this.#lock.artifacts).filter(([path]) => paths.has(path))) };
    return this.#save();
  }

  #save(): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      const text = formatLock(this.#lock);
      if (text === this.#written) return;
      await writeWhole(this.#path, text);
      this.#written = text;
    });
    return this.#queue;
  }
}
