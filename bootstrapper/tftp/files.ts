/** What TFTP may give away: regular files below one folder, small ones kept in memory, large ones read where they lie. */
import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { relativeName } from "./name.ts";
import { ERRORS, type ErrorCode } from "./packet.ts";

export interface Content {
  /** Bytes. */
  readonly size: number;
  /** Exactly `length` bytes. Rejects when the file is no longer what it was when it was opened. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  /** To be called once. */
  close(): void;
}

export type Found = { readonly content: Content } | { readonly code: ErrorCode; readonly because: string };

export interface TftpFiles {
  open(asked: string): Promise<Found>;
}

/** Bytes: up to which size a file is kept in memory, and how much all of them may take. */
export interface Keep {
  readonly each: number;
  readonly all: number;
}

const KEEP: Keep = { each: 4 << 20, all: 32 << 20 };

export function tftpFiles(root: string, keep: Keep = KEEP): TftpFiles {
  const kept = new Map<string, { readonly size: number; readonly bytes: Promise<Uint8Array> }>(); // least recently used first
  const shared = new Map<string, { readonly handle: FileHandle; users: number }>();

  async function content(handle: FileHandle, path: string): Promise<Found> {
    const about = await handle.stat();
    if (!about.isFile()) {
      await handle.close();
      return { code: ERRORS.accessViolation, because: "it is not a regular file" };
    }
    const key = `${path}\0${about.ino}\0${about.size}\0${about.mtimeMs}`; // another version is another file
    return { content: about.size <= keep.each ? await whole(key, handle, about.size) : streamed(key, handle, about.size) };
  }

  async function whole(key: string, handle: FileHandle, size: number): Promise<Content> {
    const entry = kept.get(key) ?? { size, bytes: readExactly(handle, 0, size) };
    kept.delete(key);
    kept.set(key, entry);
    let all = [...kept.values()].reduce((sum, each) => sum + each.size, 0);
    for (const [oldest, { size }] of kept) {
      if (all <= keep.all) break;
      kept.delete(oldest);
      all -= size;
    }
    try {
      const bytes = await entry.bytes;
      return { size, read: (offset, length) => bytes.subarray(offset, offset + length), close: () => {} };
    } catch (error) {
      kept.delete(key);
      throw error;
    } finally {
      await handle.close();
    }
  }

  /** One descriptor for all who fetch the same file at the same time. */
  function streamed(key: string, handle: FileHandle, size: number): Content {
    const known = shared.get(key);
    const entry = known ?? { handle, users: 0 };
    if (known) void handle.close();
    entry.users += 1;
    shared.set(key, entry);
    return {
      size,
      read: (offset, length) => readExactly(entry.handle, offset, length),
      close: () => {
        entry.users -= 1;
        if (entry.users > 0) return;
        shared.delete(key);
        void entry.handle.close();
      },
    };
  }

  return {
    async open(asked) {
      const name = relativeName(asked);
      if ("because" in name) return { code: ERRORS.accessViolation, because: name.because };
      const inside = await realpath(root);
      try {
        const path = await realpath(join(inside, name.path));
        if (!path.startsWith(inside + sep)) return { code: ERRORS.accessViolation, because: "it leads out of the folder" };
        // O_NONBLOCK: opening a FIFO must not wait for its writer.
        return await content(await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK), path);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (!MISSING.has(code ?? "")) throw error;
        return { code: ERRORS.notFound, because: "there is no such file" };
      }
    },
  };
}

const MISSING = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "ENXIO"]);

async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw new Error(`the file ended at byte ${offset + at} while it was sent; it was longer when it was opened`);
    at += bytesRead;
  }
  return bytes;
}
