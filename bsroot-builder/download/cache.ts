/** A folder of files by their SHA-256, shared by builds: what is in it need not be downloaded again. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { placeLightly } from "../write/atomic.ts";
import { sha256Of } from "../write/hash.ts";
import { lookAt } from "../write/notes.ts";

export class Cache {
  readonly #folder: string | undefined;
  readonly #mayKeep: boolean;

  /** Without a folder it holds nothing. `mayKeep`: false for who only looks. */
  constructor(folder: string | undefined, mayKeep = true) {
    this.#folder = folder;
    this.#mayKeep = mayKeep;
  }

  /** Whether it has a file of that name; its bytes are looked at when it is taken. */
  async has(sha256: string): Promise<boolean> {
    return this.#folder !== undefined && (await lookAt(join(this.#folder, sha256))) !== undefined;
  }

  /** Puts the file with this hash at `target`. It may be one file with two names, so its bytes are checked whenever it is used. */
  async take(sha256: string, target: string): Promise<boolean> {
    if (this.#folder === undefined) return false;
    const kept = join(this.#folder, sha256);
    if (!(await lookAt(kept))) return false;
    if ((await sha256Of(kept)) !== sha256) {
      if (this.#mayKeep) await rm(kept);
      return false;
    }
    await placeLightly(kept, target);
    return true;
  }

  async keep(path: string, sha256: string): Promise<void> {
    if (this.#folder === undefined || !this.#mayKeep) return;
    const kept = join(this.#folder, sha256);
    if (!(await lookAt(kept))) await placeLightly(path, kept);
  }
}
