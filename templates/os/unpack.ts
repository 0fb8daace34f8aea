/** The lists of an archive of packages are packed; what packed them is told by their first bytes. */
import * as zlib from "node:zlib";

/** Bytes unpacked: the largest list of a whole distribution has some 200 MB. */
const LIMIT = 1 << 29;

type Unpack = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Buffer;

/** `latin1` takes half the memory, where what is looked for is ASCII. Throws TypeError. */
export function unpacked(bytes: Uint8Array, encoding: "utf8" | "latin1" = "utf8"): string {
  const unpack = unpackerOf(bytes);
  try {
    return (unpack === undefined ? Buffer.from(bytes) : unpack(bytes, { maxOutputLength: LIMIT })).toString(encoding);
  } catch (cause) {
    throw new TypeError(`this list cannot be unpacked: ${(cause as Error).message}`, { cause });
  }
}

function unpackerOf(bytes: Uint8Array): Unpack | undefined {
  const begins = (...magic: readonly number[]): boolean => magic.every((byte, index) => bytes[index] === byte);
  if (begins(0x1f, 0x8b)) return zlib.gunzipSync;
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return zstd();
  if (begins(0xfd, 0x37, 0x7a, 0x58))
    throw new TypeError("this list is packed with xz, which cannot be read here; name a tree that has it as .gz or .zst");
  return undefined;
}

/** Node has it since 22.15. */
function zstd(): Unpack {
  const unpack = (zlib as { readonly zstdDecompressSync?: Unpack }).zstdDecompressSync;
  if (unpack === undefined)
    throw new TypeError(`this list is packed with zstd, which Node ${process.version} cannot read; build with Node 22.15 or newer`);
  return unpack;
}
