/** Reads a whole file for its SHA-256. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
