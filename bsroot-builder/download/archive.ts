/** Takes named members out of a .tar.gz while it streams by; nothing else in it is ever written. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Parser, type ReadEntry } from "tar";
import { DownloadError, messageOf } from "./error.ts";
import { Part } from "./part.ts";

const LARGEST = 2 ** 31;

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
  const onReadEntry = (entry: ReadEntry): void => {
    const name = nameOf(entry.path);
    const work = take(entry, targets.get(name)!).then((part) => void parts.set(name, part));
    work.catch(() => entry.resume()); // a parser waits for every entry to be read
    entry.on("error", () => {}); // the reader below hears it too
    entries.push(entry);
    taking.push(work);
  };
  const parser = new Parser({ strict: true, filter: (path) => targets.has(nameOf(path)), onReadEntry });
  try {
    await pipeline(createReadStream(archive), parser as unknown as NodeJS.WritableStream);
    await Promise.all(taking);
    const missing = [...targets.keys()].filter((name) => !parts.has(name));
    if (missing.length > 0)
      throw new DownloadError(`has no ${missing.join(", ")} in it; its layout has changed, so name the version that had it`);
    for (const [name, part] of parts) refuse(name, part.hashes()[0]!.digest("hex"));
    return parts;
  } catch (error) {
    for (const entry of entries.filter(({ emittedEnd }) => !emittedEnd)) entry.destroy(error); // it would wait for its end for ever
    await Promise.allSettled(taking);
    for (const part of parts.values()) await part.discard();
    throw error instanceof DownloadError ? error : new DownloadError(`cannot be unpacked: ${messageOf(error)}`, { cause: error });
  }
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
