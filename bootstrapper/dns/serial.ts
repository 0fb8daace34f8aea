/** The SOA's serial: rises with every change, over restarts and over clocks that are wrong. RFC 1982. */
import type { Store, Table } from "../store/store.ts";

/** How far ahead of the disk it may run, so that a write serves for many changes. */
const AHEAD = 3600;

export class Serial {
  readonly #table: Table<number>;
  readonly #now: () => number;
  #current: number;
  /** Nothing up to here is given out after a restart. */
  #reserved: number;

  /** `now`: seconds since 1970. */
  static async open(store: Store, now: () => number): Promise<Serial> {
    const table = store.table<number>("dns-serial");
    return new Serial(table, now, (await table.entries()).get("reserved") ?? 0);
  }

  private constructor(table: Table<number>, now: () => number, reserved: number) {
    this.#table = table;
    this.#now = now;
    this.#current = Math.max(reserved, now());
    this.#reserved = reserved;
    this.#reserve();
  }

  get current(): number {
    return this.#current;
  }

  rise(): void {
    this.#current = Math.max(this.#current + 1, this.#now());
    this.#reserve();
  }

  #reserve(): void {
    if (this.#current < this.#reserved) return;
    this.#reserved = this.#current + AHEAD;
    // When the disk fails the next start may repeat a serial; leases and updates have their own words for a broken disk.
    this.#table.put("reserved", this.#reserved).catch(() => undefined);
  }
}
