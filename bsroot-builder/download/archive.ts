/** Takes named members out of a .tar.gz while it streams by; nothing else in it is ever written. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import { DownloadError, messageOf } from "./error.ts";
import { Part } from "./part.ts";
import { inWords } from "./space.ts";

const LARGEST = 2 ** 31;
/** More bytes out of one than this make a bomb: what is real packs to a tenth, or a thirtieth where much is text. */
const BOMB = { ratio: 100, floor: 64 << 20 };

/**
 * `targets`: where each member will go; its part lies complete beside that place, to be named by the caller. Throws DownloadError, also what
 * `refuse` throws at a member's SHA-256; then no part is left.
 */
export async function takeMembers(
  archive: string,
  targets: ReadonlyMap<string, string>,
  refuse: (member: string, sha256: string) => void,
): Promise<ReadonlyMap<string, Part>> {
  const parts = new Map<string, Part>();
  const entries: ReadEntry[] = [];
  const taking: Promise<void>[] = [];
  const seen = new Set<string>();
  const onReadEntry = (entry: ReadEntry): void => {
    const name = nameOf(entry.path);
    const again = seen.has(name);
    seen.add(name);
    const work = again ? refuseTwin(name) : take(entry, targets.get(name)!).then((part) => void parts.set(name, part));
    work.catch(() => entry.resume()); // a parser waits for every entry to be read
    entry.on("error", () => {}); // the reader below hears it too
    entries.push(entry);
    taking.push(work);
  };
  const parser = new Parser({ strict: true, filter: (path) => targets.has(nameOf(path)), onReadEntry, maxDecompressionRatio: 1 });
  try {
    await pipeline([createReadStream(archive), ...(await unpacking(archive)), parser as unknown as NodeJS.WritableStream]);
    await Promise.all(taking);
    const missing = [...targets.keys()].filter((name) => !parts.has(name));
    if (missing.length > 0)
      throw new DownloadError(`has no ${missing.join(", ")} in it; its layout has changed, so name the version that had it`);
    for (const [name, part] of parts) refuse(name, part.hashes()[0]!.digest("hex"));
    return parts;
  } catch (error) {
    for (const entry of entries.filter(({ emittedEnd }) => !emittedEnd)) entry.destroy(error); // it would wait for its end for ever
    const ends = await Promise.allSettled(taking);
    for (const part of parts.values()) await part.discard();
    const own = ends.flatMap((end) => (end.status === "rejected" && end.reason instanceof DownloadError ? [end.reason] : []))[0];
    const cause = error instanceof DownloadError ? error : own;
    throw cause ?? new DownloadError(`cannot be unpacked: ${messageOf(error)}`, { cause: error });
  }
}

/** Not the parser's own unpacking: it would have all that one chunk holds in memory at once. */
async function unpacking(archive: string): Promise<readonly NodeJS.ReadWriteStream[]> {
  const file = await open(archive);
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    const most = Math.max(BOMB.floor, size * BOMB.ratio);
    return [...(buffer.readUInt16BE() === 0x1f8b ? [createGunzip()] : []), limit(most, size)];
  } finally {
    await file.close();
  }
}

function limit(most: number, size: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      passed += chunk.length;
      if (passed <= most) return done(null, chunk);
      done(new DownloadError(`holds more than ${inWords(most)} in its ${inWords(size)}: a bomb, not an archive`));
    },
  });
}

async function refuseTwin(name: string): Promise<void> {
  throw new DownloadError(`has ${name} in it twice, and nobody can tell which is meant`);
}

async function take(entry: ReadEntry, target: string): Promise<Part> {
  if (entry.type !== "File" && entry.type !== "OldFile") throw new DownloadError(`has ${entry.path} as a ${entry.type}, not as a file`);
  if (entry.size > LARGEST) throw new DownloadError(`has a ${entry.path} of ${entry.size} bytes, which is too large to be meant`);
  const part = await Part.open(target, "", ["sha256"]);
  try {
    if (entry.destroyed) throw new DownloadError(`ends inside ${entry.path}`);
    for await (const chunk of entry) await part.append(chunk);
    if (part.received !== entry.size) throw new DownloadError(`ends inside ${entry.path}`);
    return part;
  } catch (error) {
    await part.discard();
    throw error;
  }
}

const nameOf = (path: string): string => path.replace(/^(\.\/)+/, "");
