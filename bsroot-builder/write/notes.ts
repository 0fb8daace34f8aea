/** The builder's own memory of a bsroot, in .build/files.json: which files it wrote, and how they looked, so that it need not read them again. */
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { layout } from "../../cluster/layout.ts";
import { writeLightly } from "./atomic.ts";

const look = z.object({ size: z.number(), mtimeMs: z.number() });
const note = look.extend({ sha256: z.string(), source: look.optional() });
const shape = z.record(z.string(), note);

/** Enough to tell that a file was not touched. */
export type Look = z.infer<typeof look>;
/** How a file looked when it had this hash; `source`: how the local file looked that it is a copy of. */
export type Note = z.infer<typeof note>;

export class Notes {
  readonly #file: string;
  readonly #notes: Map<string, Note>;
  #writing: Promise<void> | undefined;
  #dirty = false;

  private constructor(file: string, notes: Map<string, Note>) {
    this.#file = file;
    this.#notes = notes;
  }

  /** Lost or unreadable notes cost reading every file once more, nothing else. */
  static async open(root: string): Promise<Notes> {
    const file = join(root, layout.build, "files.json");
    const text = await readFile(file, "utf8").catch(() => "{}");
    return new Notes(file, new Map(Object.entries(read(text))));
  }

  get(path: string): Note | undefined {
    return this.#notes.get(path);
  }

  paths(): readonly string[] {
    return [...this.#notes.keys()];
  }

  /** On disk when the promise resolves; calls that come while one write is under way share the next. */
  async set(path: string, note: Note): Promise<void> {
    this.#notes.set(path, note);
    await this.save();
  }

  forget(path: string): void {
    this.#notes.delete(path);
    this.#dirty = true;
  }

  async save(): Promise<void> {
    this.#dirty = true;
    while (this.#dirty || this.#writing) {
      this.#writing ??= this.#write();
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    try {
      await writeLightly(this.#file, `${JSON.stringify(Object.fromEntries(this.#notes), null, 1)}\n`);
    } finally {
      this.#writing = undefined;
    }
  }
}

/** A link is not a file: a bsroot must not lean on what lies outside it. */
export async function lookAt(path: string): Promise<Look | undefined> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() ? { size: found.size, mtimeMs: found.mtimeMs } : undefined;
}

export const looksTheSame = (a: Look, b: Look | undefined): boolean => a.size === b?.size && a.mtimeMs === b.mtimeMs;

function read(text: string): Record<string, Note> {
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
