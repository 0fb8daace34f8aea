/** One stream of bytes as files of a limited size, hashed on their way: out onto a carrier, and back in. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Bundle } from "./bundle-file.ts";

type PartFile = Bundle["parts"][number];

/** Bytes in each file but the last. When writing fails, what was written is removed. */
export async function writeParts(
  bytes: AsyncIterable<Uint8Array>,
  folder: string,
  name: string,
  most: number,
): Promise<readonly PartFile[]> {
  const parts: PartFile[] = [];
  const chunks = pieces(bytes, most);
  try {
    for (let next = await chunks.next(); !next.done; ) {
      const part = `${name}.${String(parts.length).padStart(3, "0")}`;
      const file = await open(join(folder, part), "wx", 0o600); // it holds keys
      const hash = createHash("sha256");
      let size = 0;
      try {
        for (; !next.done && size + next.value.length <= most; next = await chunks.next()) {
          hash.update(next.value);
          size += next.value.length;
          await file.appendFile(next.value);
        }
        await file.sync();
      } finally {
        await file.close();
        parts.push({ name: part, size, sha256: hash.digest("hex") });
      }
    }
    return parts;
  } catch (error) {
    for (const part of parts) await rm(join(folder, part.name), { force: true });
    throw error;
  }
}

/** The same bytes in chunks that never reach over a multiple of `most`. */
async function* pieces(bytes: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let left = most;
  for await (let chunk of bytes) {
    while (chunk.length > left) {
      yield chunk.subarray(0, left);
      chunk = chunk.subarray(left);
      left = most;
    }
    yield chunk;
    left -= chunk.length;
    if (left === 0) left = most;
  }
}

/** What is wrong with a part before a byte of it is read; undefined when it is there with the right size. */
export async function lookAtPart(folder: string, { name, size }: PartFile): Promise<string | undefined> {
  const found = await stat(join(folder, name)).catch(() => undefined);
  if (!found?.isFile()) return `${name}: is missing`;
  return found.size === size ? undefined : `${name}: has ${found.size} bytes instead of ${size}; copy it again`;
}

/** All bytes in their order. Throws Error at the end of a part that is not what it should be. */
export async function* readParts(folder: string, parts: readonly PartFile[]): AsyncGenerator<Uint8Array> {
  for (const { name, sha256 } of parts) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(join(folder, name), { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Uint8Array);
      yield chunk as Uint8Array;
    }
    if (hash.digest("hex") !== sha256) throw new Error(`${name}: has other bytes than were packed; copy it again`);
  }
}
