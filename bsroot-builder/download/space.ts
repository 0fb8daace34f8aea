/** Room on the disk, promised before it is written to. */
import { statfs } from "node:fs/promises";
import { DownloadError } from "./error.ts";

/** Left free beyond what is downloaded: certificates, the manifest, and a file system that still works. */
const MARGIN = 64 << 20;

export class Space {
  readonly #free: () => Promise<number>;
  #promised = 0;

  /** `free` answers the bytes that are available now. */
  constructor(free: () => Promise<number>) {
    this.#free = free;
  }

  static of(folder: string): Space {
    return new Space(async () => {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    });
  }

  /** Throws DownloadError when `bytes` more do not fit beside all that is promised; answers how to take the promise back. */
  async reserve(bytes: number): Promise<() => void> {
    this.#promised += bytes;
    const giveBack = () => {
      this.#promised -= bytes;
    };
    const free = await this.#free();
    if (free >= this.#promised + MARGIN) return giveBack;
    const missing = this.#promised + MARGIN - free;
    giveBack();
    throw new DownloadError(`needs ${inWords(bytes)}, and the disk has ${inWords(missing)} too little; make room or choose another --out`);
  }
}

export function inWords(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB", "PB"];
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${step === 0 ? bytes : (bytes / 1000 ** step).toFixed(1)} ${units[step]}`;
}
