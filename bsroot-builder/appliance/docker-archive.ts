/** One file out of an image that lies in a docker-archive: its manifest.json names the layers, of which the last that has the file counts. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Parser, type ReadEntry } from "tar";
import { z } from "zod";

const shape = z.tuple([z.object({ RepoTags: z.array(z.string()), Config: z.string(), Layers: z.array(z.string()) })]);

export class ArchiveError extends Error {}

/** `path` without a leading slash. Throws ArchiveError when it is no docker-archive of one image, or has no such file. */
export async function fileInImage(archive: string, path: string): Promise<Buffer> {
  const manifest = (await entriesOf(archive, (name) => name === "manifest.json", contentOf)).get("manifest.json");
  const parsed = shape.safeParse(manifest && JSON.parse(manifest.toString("utf8")));
  if (!parsed.success) throw new ArchiveError(`${archive}: is no docker-archive of one image`);
  const [{ Layers }] = parsed.data;
  const layers = await entriesOf(
    archive,
    (name) => Layers.includes(name),
    async (layer) => (await readEntries(layer, (name) => name === path, contentOf)).get(path),
  );
  const found = Layers.map((layer) => layers.get(layer)).findLast((content) => content !== undefined);
  if (!found) throw new ArchiveError(`${archive}: its image has no file ${path}`);
  return found;
}

type Take<T> = (entry: ReadEntry) => Promise<T>;

const entriesOf = <T>(file: string, wanted: (name: string) => boolean, take: Take<T>): Promise<Map<string, T>> =>
  readEntries(createReadStream(file, { highWaterMark: 1 << 20 }), wanted, take);

/** Layers may be packed; the parser sees that by itself. */
async function readEntries<T>(
  bytes: NodeJS.ReadableStream | ReadEntry,
  wanted: (name: string) => boolean,
  take: Take<T>,
): Promise<Map<string, T>> {
  const taken: Promise<readonly [string, T]>[] = [];
  const parser = new Parser({
    onReadEntry: (entry) => {
      const name = entry.path.replace(/^(\.?\/)+/, "");
      if (wanted(name)) taken.push(take(entry).then((content) => [name, content] as const));
      else entry.resume();
    },
  });
  await pipeline(bytes as NodeJS.ReadableStream, parser as unknown as NodeJS.WritableStream);
  return new Map(await Promise.all(taken));
}

const contentOf = async (entry: ReadEntry): Promise<Buffer> => Buffer.from(await entry.concat());
