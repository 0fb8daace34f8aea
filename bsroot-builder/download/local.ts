/** Opens a file: URL as a source. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { DownloadError, messageOf } from "./error.ts";
import type { Opened, Wish } from "./source.ts";

/** A file may change between two builds, so a cut copy goes on only while size and time are the same. */
export async function openFile({ url, offset, validator }: Wish): Promise<Opened> {
  const path = fileURLToPath(url);
  const found = await stat(path).catch((error) => {
    throw new DownloadError(
      (error as NodeJS.ErrnoException).code === "ENOENT"
        ? "there is no such file; check the path, or mount the disk it is on"
        : messageOf(error),
    );
  });
  if (!found.isFile()) throw new DownloadError("this is not a file; name the file itself");
  const now = `${found.size}-${found.mtimeMs}`;
  const start = now === validator && offset <= found.size ? offset : 0;
  const stream = createReadStream(path, { start, highWaterMark: 1 << 18 });
  return { offset: start, size: found.size, validator: now, body: readAll(stream), close: () => stream.destroy() };
}

async function* readAll(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw new DownloadError(`cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
