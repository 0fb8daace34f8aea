/** Room on the disk, promised before it is written to. */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { DownloadError } from "./error.ts";

/** Left free beyond what is downloaded: certificates, the manifest, and a file system that still works. */
const MARGIN = 64 << 20;

/** Bytes. */
const SMALL = 1 << 20;
const MOST_UNSEEN = 100;

/** A promise that shrinks while its bytes are written, because the disk's own count shrinks with them. */
export interface Reservation {
  spend(bytes: number): void;
  giveBack(): void;
}

export class Space {
  readonly #free: () => Promise<number>;
  #promised = 0;
  /** Small promises that can be made without another look: the last one found room for far more. */
  #unseen = 0;

  /** `free` answers the bytes that are available now. */
  constructor(free: () => Promise<number>) {
    this.#free = free;
  }

  static of(folder: string): Space {
    return new Space(() => freeAt(folder));
  }

  /** Throws DownloadError when `bytes` more do not fit beside all that is promised already. */
  async reserve(bytes: number): Promise<Reservation> {
    let left = bytes;
    const take = (change: number) => {
      left -= change;
      this.#promised -= change;
    };
    this.#promised += bytes;
    const reservation = { spend: (written: number) => take(Math.min(written, left)), giveBack: () => take(left) };
    if (bytes <= SMALL && this.#unseen > 0) {
      this.#unseen -= 1;
      return reservation;
    }
    const missing = lacking(this.#promised, await this.#free());
    this.#unseen = Math.min(MOST_UNSEEN, Math.floor(-missing / 2 / SMALL));
    if (missing <= 0) return reservation;
    reservation.giveBack();
    throw new DownloadError(tooLittle(bytes, missing));
  }
}

/** Bytes that are available where `folder` is, or will be. */
export async function freeAt(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(folder) === folder) throw error;
    return freeAt(dirname(folder));
  }
}

export const tooLittle = (bytes: number, missing: number): string =>
  `needs ${inWords(bytes)}, and the disk has ${inWords(missing)} too little; make room or choose another --out`;

/** How many bytes the disk has too little for so many more; 0 or less when it has enough. */
export const lacking = (bytes: number, free: number): number => bytes + MARGIN - free;

/** Room for bytes that nobody announced: promised as they come, so that an endless source fills no disk. */
export class GrowingRoom {
  readonly #reserve: (bytes: number) => Promise<Reservation>;
  #room: Reservation | undefined;
  #left = 0;

  constructor(reserve: (bytes: number) => Promise<Reservation>) {
    this.#reserve = reserve;
  }

  /** Throws DownloadError when the disk has no room for these any more. */
  async spend(bytes: number): Promise<void> {
    if (bytes > this.#left) {
      this.giveBack();
      this.#room = await this.#reserve(bytes + STEP);
      this.#left = bytes + STEP;
    }
    this.#left -= bytes;
    this.#room?.spend(bytes);
  }

  giveBack(): void {
    this.#room?.giveBack();
    this.#left = 0;
  }
}

const STEP = 16 << 20;

export function inWords(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB", "PB"];
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${step === 0 ? bytes : (bytes / 1000 ** step).toFixed(1)} ${units[step]}`;
}
