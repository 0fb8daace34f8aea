/** Which add-ons were applied, with which objects: on disk before it counts. */
import type { Table } from "../store/store.ts";
import { type Applied, appliedNow, leftBehind, type ObjectKey, UNKNOWN, without } from "./leftovers.ts";

export class Ledger {
  readonly #table: Table<Applied>;
  readonly #applied: Map<string, Applied>;

  constructor(table: Table<Applied>, applied: ReadonlyMap<string, Applied>) {
    this.#table = table;
    this.#applied = new Map(applied);
  }

  find(addOn: string): Applied | undefined {
    return this.#applied.get(addOn);
  }

  /** It was refused, but for these objects. */
  async begun(addOn: string, cluster: number, objects: readonly ObjectKey[]): Promise<void> {
    const known = this.#applied.get(addOn);
    const next = appliedNow(known, { hash: UNKNOWN, cluster }, objects);
    if (JSON.stringify(next) !== JSON.stringify(known)) await this.#put(addOn, next);
  }

  /** These objects, of these bytes, are in the cluster that was founded then. */
  applied(addOn: string, now: { readonly hash: string; readonly cluster: number }, objects: readonly ObjectKey[]): Promise<void> {
    return this.#put(addOn, appliedNow(this.#applied.get(addOn), now, objects));
  }

  /** What is there of add-ons but not of those of the bsroot; in the order in which it can go. */
  leftBehind(addOns: readonly string[], cluster: number): ReturnType<typeof leftBehind> {
    return leftBehind(this.#applied, { addOns, cluster });
  }

  /** The object is gone: an add-on that had it is no longer there as the bsroot has it, should it come back. */
  async gone(addOn: string, key: ObjectKey): Promise<void> {
    const known = this.#applied.get(addOn);
    if (!known) return;
    const { objects = [], left = [], ...rest } = known;
    const others = without(objects, [key]);
    const hash = others.length < objects.length ? UNKNOWN : known.hash;
    await this.#put(addOn, { ...rest, hash, objects: others, left: without(left, [key]) });
  }

  /** The cluster's data are those of another day: what was applied since may not be there. */
  async doubt(): Promise<void> {
    for (const [addOn, applied] of this.#applied) await this.#put(addOn, { ...applied, hash: UNKNOWN });
  }

  async #put(addOn: string, applied: Applied): Promise<void> {
    await this.#table.put(addOn, applied);
    this.#applied.set(addOn, applied);
  }
}
