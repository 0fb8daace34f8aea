/** One source into one .part file: goes on after cuts, tries again after a pause, and refuses what cannot be the file. */
import type { Hash } from "node:crypto";
import { DownloadError } from "./error.ts";
import { refuseWebPage } from "./page.ts";
import { Part } from "./part.ts";
import type { Open, Opened } from "./source.ts";
import { GrowingRoom, type Reservation } from "./space.ts";

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
  /** The whole will be held against a hash that is known already, so what arrived may be gone on with even if nobody vouches for it. */
  readonly hashKnown?: boolean;
  /** Names for node:crypto. */
  readonly hashes: readonly string[];
  /** Told the bytes so far and, if known, of how many. */
  progress(received: number, size: number | undefined): void;
  /** Told why it is tried again, after how many milliseconds. */
  retry(because: string, pause: number): void;
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
        const pause = error.after ?? Math.min(PAUSE.first * 2 ** (failures - 1), PAUSE.longest);
        job.retry(error.message, pause);
        await tools.sleep(pause);
      }
    }
    await part.written();
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
  const validator = origin?.validator;
  const source = await open({ url: job.url, offset: origin ? part.received : 0, ...(validator !== undefined && { validator }) });
  try {
    if (source.offset !== part.received) await part.restart();
    refuseWrongSize(job, source);
    const size = source.size ?? job.size;
    const room = size === undefined ? new GrowingRoom(reserve) : await reserve(Math.max(0, size - part.received));
    try {
      const { validator } = source;
      const origin = {
        url: job.url,
        ...(validator !== undefined && { validator }),
        ...(source.size !== undefined && { size: source.size }),
      };
      await part.from(validator !== undefined || job.hashKnown ? origin : undefined);
      await receive(job, part, source, room);
    } finally {
      room.giveBack();
    }
  } finally {
    source.close();
  }
  const size = source.size ?? job.size;
  if (size === undefined || part.received === size) return;
  throw new DownloadError(`ends after ${part.received} of ${size} bytes`, { again: true });
}

async function receive(job: FetchJob, part: Part, source: Opened, room: Reservation | GrowingRoom): Promise<void> {
  const most = source.size ?? job.size ?? Number.POSITIVE_INFINITY;
  job.progress(part.received, source.size);
  for await (const chunk of source.body) {
    if (part.received === 0) refuseWebPage(chunk, job.url);
    if (part.received + chunk.length > most) {
      await part.restart();
      throw new DownloadError(`does not end after the ${most} bytes that it should have`);
    }
    await room.spend(chunk.length);
    await part.append(chunk);
    job.progress(part.received, source.size);
  }
}

function refuseWrongSize(job: FetchJob, { size }: Opened): void {
  if (job.size === undefined || size === undefined || size === job.size) return;
  throw new DownloadError(`has ${size} bytes instead of ${job.size}`);
}
