/** Looks through a chart's archive before helm sees it: one folder of plain files, not too many and not too large. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";

/** A chart that is not to be unpacked. */
export class ChartError extends Error {
  override readonly name = "ChartError";
}

/** Bytes unpacked; helm itself stops at 100 MiB, and Kubernetes could not keep a release a hundredth as large. */
const MOST_BYTES = 64 << 20;
const MOST_FILES = 5000;
const MOST_PACKED = 32 << 20;

/** Throws ChartError with what is wrong with it. */
export async function examineChart(archive: string): Promise<void> {
  const { size } = await stat(archive);
  if (size > MOST_PACKED) throw new ChartError(`has ${size} bytes, more than any chart; is it one?`);
  const found = { wrong: undefined as string | undefined, files: 0, folders: new Set<string>(), charts: 0 };
  const onReadEntry = (entry: ReadEntry): void => {
    found.files += 1;
    found.wrong ??= objectionTo(entry) ?? (found.files > MOST_FILES ? `has more than ${MOST_FILES} files` : undefined);
    const [folder = "", ...rest] = entry.path.replace(/^(\.\/)+/, "").split("/");
    if (folder !== "") found.folders.add(folder);
    if (rest.join("/") === "Chart.yaml") found.charts += 1;
    entry.resume();
  };
  const parser = new Parser({ strict: true, onReadEntry, maxDecompressionRatio: 1 });
  try {
    await pipeline([createReadStream(archive), createGunzip(), limit(MOST_BYTES), parser as unknown as NodeJS.WritableStream]);
  } catch (error) {
    if (error instanceof ChartError) throw error;
    throw new ChartError(`cannot be unpacked: ${(error as Error).message}; is it a chart packed by helm package?`, { cause: error });
  }
  if (found.wrong !== undefined) throw new ChartError(found.wrong);
  if (found.folders.size !== 1 || found.charts !== 1)
    throw new ChartError("is no chart: helm package puts one folder with one Chart.yaml into it");
}

function objectionTo({ path, type }: ReadEntry): string | undefined {
  const name = JSON.stringify(path.slice(0, 100));
  if (path.startsWith("/") || /^[a-z]:/i.test(path) || path.includes("\\") || path.split("/").includes(".."))
    return `has a file ${name}, which would be written outside of its folder`;
  // Headers that only say more about the next entry never come here.
  if (!["File", "OldFile", "Directory"].includes(type)) return `has ${name} as a ${type}; a chart has files and folders only`;
  return undefined;
}

function limit(most: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      passed += chunk.length;
      if (passed <= most) return done(null, chunk);
      done(new ChartError(`holds more than ${most >> 20} MiB: a bomb, not a chart`));
    },
  });
}
