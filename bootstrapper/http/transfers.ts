/** What each machine is fetching, told to the page a few times a second: of several files at once the largest that moves. */
import type { Mac } from "../../cluster/address.ts";
import type { Machines } from "./world.ts";

/** A download that has not moved for so long no longer hides another: its machine has probably lost power. */
const STALLED_MS = 15_000;
const TELL_EVERY_MS = 500;

export interface Download {
  /** `bytes` more were handed to the connection. */
  advance(bytes: number): void;
  /** Over, complete or not. */
  end(): void;
}

interface Shown {
  readonly by: Download;
  readonly size: number;
  movedAt: number;
  toldAt: number;
}

export class Transfers {
  readonly #machines: Pick<Machines, "setTransfer">;
  readonly #now: () => number;
  readonly #shown = new Map<Mac, Shown>();
  #running = 0;

  constructor(machines: Pick<Machines, "setTransfer">, now: () => number) {
    this.#machines = machines;
    this.#now = now;
  }

  /** Downloads under way, of machines and of others. */
  get running(): number {
    return this.#running;
  }

  /** `sent`: where in the file it starts, for a download that resumes. Without a `mac` it is only counted. */
  begin(mac: Mac | undefined, file: string, size: number, sent: number): Download {
    let total = sent;
    let ended = false;
    this.#running += 1;
    const download: Download = {
      advance: (bytes) => {
        total += bytes;
        if (mac && !ended) this.#tell(mac, download, file, total, size);
      },
      end: () => {
        if (ended) return;
        ended = true;
        this.#running -= 1;
        if (mac && this.#shown.get(mac)?.by === download) this.forget(mac);
      },
    };
    download.advance(0);
    return download;
  }

  forget(mac: Mac): void {
    if (this.#shown.delete(mac)) this.#machines.setTransfer(mac, undefined);
  }

  #tell(mac: Mac, by: Download, file: string, sent: number, size: number): void {
    const now = this.#now();
    const shown = this.#shown.get(mac);
    if (shown?.by === by) {
      shown.movedAt = now;
      if (now - shown.toldAt < TELL_EVERY_MS && sent < size) return;
      shown.toldAt = now;
    } else {
      if (shown && size <= shown.size && now - shown.movedAt < STALLED_MS) return;
      this.#shown.set(mac, { by, size, movedAt: now, toldAt: now });
    }
    this.#machines.setTransfer(mac, { file, sent, size });
  }
}
