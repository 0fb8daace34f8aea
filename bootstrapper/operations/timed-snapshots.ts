/** Takes snapshots of etcd: when it is asked to, and on a timer that a clock that is set cannot mislead. */
import type { Journal } from "../journal.ts";
import type { EtcdGateway } from "../kubernetes/etcd-gateway.ts";
import { type Snapshot, SnapshotError, type Snapshots } from "../kubernetes/etcd-snapshots.ts";
import type { Place } from "./etcd-now.ts";

export interface TimedSnapshotsSettings {
  readonly snapshots: Pick<Snapshots, "take" | "list" | "difference">;
  etcd(): Promise<Pick<EtcdGateway, "snapshot">>;
  /** Where members of etcd are asked. */
  places(): readonly Place[];
  /** Whether there is an etcd whose data is worth keeping. */
  isUp(): boolean;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that only rise. */
  rises(): number;
}

/** Milliseconds between two snapshots. */
const EVERY = 6 * 3_600_000;

export class TimedSnapshots {
  readonly #settings: TimedSnapshotsSettings;
  /** When the last one was taken, on the clock that only rises; the dates on disk are those of a clock that may be set. */
  #taken: number | undefined;
  #said = "";

  constructor(settings: TimedSnapshotsSettings) {
    this.#settings = settings;
  }

  /** Of the first member that gives one. Rejects with SnapshotError. */
  async take(signal: AbortSignal): Promise<Snapshot> {
    const { snapshots, etcd, places, journal, now, rises } = this.#settings;
    const through = await etcd();
    let last = "no member of etcd has an address";
    for (const { name, address } of places()) {
      try {
        const taken = await snapshots.take(through.snapshot(address, signal), now());
        const wrong = await snapshots.difference(taken);
        if (wrong) throw new SnapshotError(wrong);
        this.#taken = rises();
        journal({ from: "kubernetes", level: "info", text: `snapshot of etcd from ${name}: ${taken.name}, ${taken.size} bytes` });
        return taken;
      } catch (error) {
        last = `${name}: ${(error as Error).message}`;
      }
    }
    throw new SnapshotError(`no snapshot of etcd could be taken: ${last}`);
  }

  /** Takes one when it is due. What hinders that is journaled once. */
  async look(signal: AbortSignal): Promise<void> {
    const { isUp, journal } = this.#settings;
    if (!isUp() || !(await this.#isDue())) return;
    try {
      await this.take(signal);
      this.#said = "";
    } catch (error) {
      const text = (error as Error).message;
      if (text !== this.#said && !signal.aborted) journal({ from: "kubernetes", level: "warning", text });
      this.#said = text;
    }
  }

  /** Of one that is dated later than now nobody knows how old it is. */
  async #isDue(): Promise<boolean> {
    const { snapshots, now, rises } = this.#settings;
    if (this.#taken !== undefined) return rises() - this.#taken >= EVERY;
    const ages = (await snapshots.list()).map(({ at }) => now() - at);
    return !ages.some((age) => age >= 0 && age < EVERY);
  }
}
