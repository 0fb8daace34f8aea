/** What TFTP may give away: regular files below the folders it is told, each opened once for all who fetch it. */
import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Content, Found, Refused } from "./content.ts";
import { relativeName, withoutOwnFolder } from "./name.ts";
import { ERRORS } from "./packet.ts";
import { type Book, SHELF, Shelf, type ShelfLimits } from "./shelf.ts";

/** Folders by what a name begins with: "" is for every name that begins with no other. Absolute paths. */
export type Folders = Readonly<Record<string, string>>;

export interface TftpFiles {
  /** At once when the name was looked up a moment ago. */
  open(asked: string): Found | Promise<Found>;
  close(): Promise<void>;
}

export interface FileSettings {
  readonly limits?: ShelfLimits;
  /** Milliseconds for which a name leads where it led before: a rack that boots asks for the same three names, again and again. */
  readonly trust?: number;
}

interface Entry {
  readonly key: string;
  readonly handle: FileHandle;
  readonly book: Book;
  users: number;
  /** No name leads to it any more. */
  old: boolean;
}
type Looked = { readonly entry: Entry } | Refused;

const TRUST = 1000;
/** Names, and files that are held open. */
const KNOWN = 256;

export function tftpFiles(folders: Folders, { limits = SHELF, trust = TRUST }: FileSettings = {}): TftpFiles {
  const shelf = new Shelf(limits);
  const entries = new Map<string, Entry>(); // by path; the one asked for longest ago first
  const names = new Map<string, { readonly found: Looked; readonly until: number }>();

  /** Finds the file's book when it is the same version still, or opens a new one. */
  async function entryOf(path: string, handle: FileHandle): Promise<Looked> {
    const about = await handle.stat();
    if (!about.isFile()) {
      await handle.close();
      return { code: ERRORS.accessViolation, because: "it is not a regular file" };
    }
    const key = `${about.ino} ${about.size} ${about.mtimeMs}`; // another version is another file
    const before = entries.get(path);
    entries.delete(path);
    if (before?.key === key) {
      entries.set(path, before);
      await handle.close();
      return { entry: before };
    }
    if (before) retire(before);
    const entry: Entry = { key, handle, book: shelf.book(handle, about.size), users: 0, old: false };
    entries.set(path, entry);
    if (entries.size > KNOWN) retireOldest();
    return { entry };
  }

  function retireOldest(): void {
    const [path, entry] = entries.entries().next().value!;
    entries.delete(path);
    retire(entry);
  }

  function retire(entry: Entry): void {
    entry.old = true;
    for (const [name, { found }] of names) if ("entry" in found && found.entry === entry) names.delete(name);
    leave(entry);
  }

  function leave(entry: Entry): void {
    if (!entry.old || entry.users > 0) return;
    entry.book.forget();
    void entry.handle.close();
  }

  function contentOf(entry: Entry): Content {
    entry.users += 1;
    return {
      size: entry.book.size,
      source: entry.book,
      at: (offset) => entry.book.at(offset),
      load: (offset) => entry.book.load(offset),
      close: () => {
        entry.users -= 1;
        leave(entry);
      },
    };
  }

  async function look(asked: string): Promise<Looked> {
    const name = relativeName(asked);
    if ("because" in name) return { code: ERRORS.accessViolation, because: name.because };
    const found = await lookAt(name.path);
    const shared = "code" in found && found.code === ERRORS.notFound ? withoutOwnFolder(name.path) : undefined;
    return shared === undefined ? found : lookAt(shared);
  }

  async function lookAt(path: string): Promise<Looked> {
    const { folder, below } = placed(folders, path);
    const inside = await realpath(folder);
    try {
      const real = await realpath(join(inside, below));
      if (!real.startsWith(inside + sep)) return { code: ERRORS.accessViolation, because: "it leads out of the folder" };
      // O_NONBLOCK: opening a FIFO must not wait for its writer.
      return await entryOf(real, await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!MISSING.has(code ?? "")) throw error;
      return { code: ERRORS.notFound, because: "there is no such file" };
    }
  }

  const given = (found: Looked): Found => ("entry" in found ? { content: contentOf(found.entry) } : found);

  return {
    open(asked) {
      const known = names.get(asked);
      if (known && performance.now() < known.until) return given(known.found);
      return look(asked).then((found) => {
        names.delete(asked);
        if (!("entry" in found && found.entry.old)) names.set(asked, { found, until: performance.now() + trust });
        if (names.size > KNOWN) names.delete(names.keys().next().value!);
        return given(found);
      });
    },
    async close() {
      const handles = [...entries.values()].map(({ handle }) => handle);
      entries.clear();
      names.clear();
      await Promise.all(handles.map((handle) => handle.close()));
    },
  };
}

const MISSING = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "ENXIO"]);

function placed(folders: Folders, path: string): { readonly folder: string; readonly below: string } {
  const first = path.slice(0, path.indexOf("/") + 1);
  const special = first === "" ? undefined : folders[first.slice(0, -1)];
  return special === undefined ? { folder: folders[""]!, below: path } : { folder: special, below: path.slice(first.length) };
}
