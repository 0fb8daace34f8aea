/** Snapshots of etcd in the state folder: each whole and hashed before it has its name, the oldest making room. */
import { createHash } from "node:crypto";
import { createReadStream, type ReadStream } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { inTurn } from "../in-turn.ts";

export interface Snapshot {
  /** "etcd-20261121T180000Z.db" */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes. */
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

export const KEPT = 14;
export const SNAPSHOT_NAME = /^etcd-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;
/** etcd appends the SHA-256 of all before; a database is whole pages. */
const HASH = 32;
const PAGE = 512;

export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}

export class Snapshots {
  readonly #folder: string;
  readonly #needed: () => string | undefined;
  readonly #inTurn = inTurn();

  /** `folder`: made when the first one is taken. `needed`: the name of one that makes no room. */
  constructor(folder: string, needed: () => string | undefined = () => undefined) {
    this.#folder = folder;
    this.#needed = needed;
  }

  /** Newest first: those whose hash is known. */
  async list(): Promise<readonly Snapshot[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    const all = await Promise.all(names.filter((name) => SNAPSHOT_NAME.test(name)).map((name) => this.#read(name)));
    return all.flatMap((one) => one ?? []).sort((a, b) => b.at - a.at);
  }

  /** Durable when it resolves. One at a time. Rejects with SnapshotError, with nothing left, for bytes that are no whole snapshot. */
  take(pieces: AsyncIterable<Uint8Array>, now: number): Promise<Snapshot> {
    return this.#inTurn(() => this.#take(pieces, now));
  }

  /** Undefined when there is none of this name. The bytes are those whose hash is listed, or the stream fails. */
  async read(name: string): Promise<{ readonly snapshot: Snapshot; readonly stream: ReadStream } | undefined> {
    const snapshot = SNAPSHOT_NAME.test(name) ? await this.#read(name) : undefined;
    return snapshot && { snapshot, stream: createReadStream(join(this.#folder, name)) };
  }

  /** What is wrong with it on disk; undefined when it is as it was taken. Reads every byte. */
  async difference({ name, size, sha256 }: Snapshot): Promise<string | undefined> {
    const hash = createHash("sha256");
    let length = 0;
    try {
      for await (const part of createReadStream(join(this.#folder, name)) as AsyncIterable<Buffer>) {
        hash.update(part);
        length += part.length;
      }
    } catch (error) {
      return `${name}: cannot be read: ${(error as Error).message}`;
    }
    if (length !== size) return `${name}: has ${length} bytes instead of ${size}`;
    return hash.digest("hex") === sha256 ? undefined : `${name}: has other bytes than were taken`;
  }

  async #take(pieces: AsyncIterable<Uint8Array>, now: number): Promise<Snapshot> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await chmod(this.#folder, 0o700);
    const name = `etcd-${new Date(now).toISOString().replace(/[-:]|\.\d+/g, "")}.db`;
    const partial = join(this.#folder, "partial");
    try {
      const { size, sha256 } = await written(partial, pieces);
      const sums = join(this.#folder, `${name}.sha256`);
      await durable(sums, `${sha256}  ${name}\n`);
      await rename(partial, join(this.#folder, name));
      await synced(this.#folder);
      await this.#prune(now);
      return { name, at: Math.floor(now / 1000) * 1000, size, sha256 };
    } catch (error) {
      await rm(partial, { force: true });
      throw error instanceof SnapshotError ? error : new SnapshotError((error as Error).message);
    }
  }

  /** Those that are dated later than now go first: the clock was ahead when they were taken, and would have them outlive what is taken from here on. */
  async #prune(now: number): Promise<void> {
    const all = await this.list();
    const inOrder = [...all.filter(({ at }) => at <= now), ...all.filter(({ at }) => at > now)];
    for (const { name } of inOrder.slice(KEPT)) {
      if (name === this.#needed()) continue;
      await rm(join(this.#folder, name), { force: true });
      await rm(join(this.#folder, `${name}.sha256`), { force: true });
    }
  }

  async #read(name: string): Promise<Snapshot | undefined> {
    try {
      const [{ size }, sums] = await Promise.all([stat(join(this.#folder, name)), readFile(join(this.#folder, `${name}.sha256`), "utf8")]);
      const sha256 = /^([0-9a-f]{64}) {2}/.exec(sums)?.[1];
      return sha256 === undefined ? undefined : { name, at: timeOf(name), size, sha256 };
    } catch {
      return undefined; // a file without its hash was never finished
    }
  }
}

function timeOf(name: string): number {
  const [, ...parts] = SNAPSHOT_NAME.exec(name)!;
  const [year, month, day, hour, minute, second] = parts.map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Believed when the hash that etcd wrote at its end is that of all before. */
async function written(path: string, pieces: AsyncIterable<Uint8Array>): Promise<{ readonly size: number; readonly sha256: string }> {
  const whole = createHash("sha256");
  const inner = createHash("sha256");
  let tail: Buffer = Buffer.alloc(0);
  let size = 0;
  await rm(path, { force: true });
  const file = await open(path, "wx", 0o600);
  try {
    for await (const piece of pieces) {
      await file.writeFile(piece);
      whole.update(piece);
      size += piece.length;
      const together = Buffer.concat([tail, piece]);
      const cut = Math.max(0, together.length - HASH);
      inner.update(together.subarray(0, cut));
      tail = Buffer.from(together.subarray(cut));
    }
    if (size % PAGE !== HASH || inner.digest("hex") !== tail.toString("hex")) {
      throw new SnapshotError(`etcd sent ${size} bytes that are no whole snapshot: the hash at their end is not theirs`);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { size, sha256: whole.digest("hex") };
}

async function durable(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
