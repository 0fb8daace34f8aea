/** The builder's own memory of a bsroot, in .build/files.json: which files it wrote, and how they looked, so that it need not read them again. */
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { layout } from "../../cluster/layout.ts";
import { syncFiles, writeLightly } from "./atomic.ts";
import { Saves } from "./saves.ts";

const look = z.object({ size: z.number(), mtimeMs: z.number() });
const note = look.extend({ sha256: z.string(), source: look.optional() });
const shape = z.record(z.string(), note);

/** Enough to tell that a file was not touched. */
export type Look = z.infer<typeof look>;
/** How a file looked when it had this hash; `source`: how the local file looked that it is a copy of. */
export type Note = z.infer<typeof note>;

export class Notes {
  readonly #notes: Map<string, Note>;
  readonly #byHash = new Map<string, Set<string>>();
  /** Files that may not be on disk yet. */
  readonly #fresh = new Set<string>();
  readonly #saves: Saves;

  private constructor(root: string, file: string | undefined, notes: ReadonlyMap<string, Note>) {
    this.#notes = new Map(notes);
    for (const [path, { sha256 }] of notes) this.#remember(sha256, path);
    this.#saves = new Saves(async () => {
      if (file === undefined) return;
      const notes = Object.fromEntries(this.#notes);
      const fresh = [...this.#fresh].filter((path) => path in notes);
      this.#fresh.clear();
      await syncFiles(
        root,
        fresh.map((path) => join(root, path)),
      );
      await writeLightly(file, `${JSON.stringify(notes, null, 1)}\n`);
    });
  }

  /** Lost or unreadable notes cost reading every file once more, nothing else. `mayWrite`: false for who only looks. */
  static async open(root: string, mayWrite = true): Promise<Notes> {
    const file = join(root, layout.build, "files.json");
    const text = await readFile(file, "utf8").catch(() => "{}");
    return new Notes(root, mayWrite ? file : undefined, new Map(Object.entries(read(text))));
  }

  get(path: string): Note | undefined {
    return this.#notes.get(path);
  }

  paths(): readonly string[] {
    return [...this.#notes.keys()];
  }

  /** Of files that had these bytes. */
  pathsOf(sha256: string): readonly string[] {
    return [...(this.#byHash.get(sha256) ?? [])];
  }

  /** On disk now or soon; never before the file itself is. */
  async set(path: string, note: Note): Promise<void> {
    this.forget(path);
    this.#notes.set(path, note);
    this.#remember(note.sha256, path);
    this.#fresh.add(path);
    await this.#saves.soon();
  }

  /** Written with the next. */
  forget(path: string): void {
    const known = this.#notes.get(path);
    if (known) this.#byHash.get(known.sha256)?.delete(path);
    this.#notes.delete(path);
  }

  /** All of them are on disk when the promise resolves. */
  async save(): Promise<void> {
    await this.#saves.soon();
    await this.#saves.all();
  }

  #remember(sha256: string, path: string): void {
    const paths = this.#byHash.get(sha256) ?? new Set();
    this.#byHash.set(sha256, paths.add(path));
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
