/** One source into one .part file: goes on after cuts, tries again after a pause, and refuses what cannot be the file. */
import type { Hash } from "node:crypto";
import { DownloadError } from "./error.ts";
import { Part } from "./part.ts";
import type { Open, Opened } from "./source.ts";
import type { Reservation } from "./space.ts";

export interface FetchTools {
  readonly open: Open;
  /** Milliseconds. */
  sleep(time: number): Promise<void>;
  /** Throws DownloadError unless this many more bytes have room on the disk. */
  reserve(bytes: number): Promise<Reservation>;
}

export interface FetchJob {
  /** The .part grows beside it. */
  readonly target: string;
  /** Where from, mirrors applied. */
  readonly url: string;
  /** Size in bytes, if it is known what must come. */
  readonly size?: number;
  /** Names for node:crypto. */
  readonly hashes: readonly string[];
  /** Told the bytes so far and, if known, of how many. */
  progress(received: number, size: number | undefined): void;
}

export interface Fetched {
  readonly part: Part;
  readonly hashes: readonly Hash[];
  /** Some bytes are from an earlier connection: if the whole is wrong, one clean try is fair. */
  readonly continued: boolean;
}

/** Tries without a single new byte before it is given up. */
const TRIES = 5;
const PAUSE = { first: 500, longest: 8_000 };

/** Throws DownloadError; whatever arrived stays in the .part for the next run. */
export async function fetchPart(job: FetchJob, tools: FetchTools): Promise<Fetched> {
  const part = await Part.open(job.target, job.url, job.hashes);
  let continued = part.received > 0;
  try {
    for (let failures = 0; !isWhole(part); ) {
      const before = part.received;
      try {
        await attempt(job, part, tools);
        break;
      } catch (error) {
        if (!(error instanceof DownloadError) || !error.again) throw error;
        failures = part.received > before ? 1 : failures + 1;
        continued ||= part.received > 0;
        if (failures >= TRIES)
          throw new DownloadError(`${error.message}; gave up after ${TRIES} tries, run the build again to go on`, { cause: error });
        await tools.sleep(error.after ?? Math.min(PAUSE.first * 2 ** (failures - 1), PAUSE.longest));
      }
    }
  } catch (error) {
    await part.close();
    throw error;
  }
  return { part, hashes: part.hashes(), continued };
}

/** A run that was killed between the last byte and the rename left nothing to fetch. */
const isWhole = ({ origin, received }: Part): boolean => origin?.size !== undefined && origin.size === received && received > 0;

async function attempt(job: FetchJob, part: Part, { open, reserve }: FetchTools): Promise<void> {
  const { origin } = part;
  const source = await open({ url: job.url, offset: origin ? part.received : 0, ...(origin && { validator: origin.validator }) });
  try {
    if (source.offset !== part.received) await part.restart();
    refuseWrongSize(job, source);
    const room = await reserve(Math.max(0, (source.size ?? 0) - part.received));
    try {
      const { validator, size } = source;
      await part.from({ url: job.url, ...(validator !== undefined && { validator }), ...(size !== undefined && { size }) });
      await receive(job, part, source, room);
    } finally {
      room.giveBack();
    }
  } finally {
    source.close();
  }
  if (source.size === undefined || part.received === source.size) return;
  throw new DownloadError(`ends after ${part.received} of ${source.size} bytes`, { again: part.received < source.size });
}

async function receive(job: FetchJob, part: Part, source: Opened, room: Reservation): Promise<void> {
  job.progress(part.received, source.size);
  for await (const chunk of source.body) {
    if (part.received === 0) refuseWebPage(chunk, job.url);
    await part.append(chunk);
    room.spend(chunk.length);
    job.progress(part.received, source.size);
  }
}

function refuseWrongSize(job: FetchJob, { size }: Opened): void {
  if (job.size === undefined || size === undefined || size === job.size) return;
  throw new DownloadError(`has ${size} bytes instead of ${job.size}`);
}

/** Portals and "moved" pages answer 200 where a file is wanted. */
function refuseWebPage(first: Uint8Array, url: string): void {
  const text = new TextDecoder("latin1").decode(first.subarray(0, 512)).trimStart().toLowerCase();
  const isPage = text.startsWith("<!doctype html") || text.startsWith("<html");
  if (isPage && !/\.html?$/i.test(new URL(url).pathname)) {
    throw new DownloadError(
      "answers a web page instead of the file: a login page, or the file has moved; open the address in a browser to see which",
    );
  }
}
