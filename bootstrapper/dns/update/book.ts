/** What updates have written: on disk before it is answered, in our zones as long as those are there. */

import type { Store, Table } from "../../store/store.ts";
import { WireError } from "../../wire/error.ts";
import type { Query } from "../message.ts";
import { RCODES } from "../numbers.ts";
import type { Source } from "../zone/lookup.ts";
import type { Zone } from "../zone/zone.ts";
import { placeOf, type Zones } from "../zone/zones.ts";
import { readUpdate, type Update } from "./read.ts";
import { decideUpdate, type Outcome, type Sets, total } from "./update.ts";

/** A name's records as they are kept; the data is in hex. */
export interface Row {
  readonly sets: readonly { readonly type: number; readonly ttl: number; readonly data: readonly string[] }[];
}

/** Records in all, and updates that may wait for the disk. */
const RECORDS = 50_000;
const WAITING = 256;

export class Book {
  readonly #table: Table<Row>;
  /** Also of names that are in no zone of ours any more: the description may bring them back. */
  readonly #names: Map<string, Sets>;
  #held: number;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  static async open(store: Store): Promise<Book> {
    const table = store.table<Row>("dns");
    return new Book(table, new Map([...(await table.entries())].map(([name, row]) => [name, setsOf(row)])));
  }

  private constructor(table: Table<Row>, names: Map<string, Sets>) {
    this.#table = table;
    this.#names = names;
    this.#held = total(names.values());
  }

  /** Writes everything into fresh zones. Answers the names that have no place there. */
  fill(zones: Zones): readonly string[] {
    const homeless: string[] = [];
    for (const [name, sets] of this.#names) {
      const place = placeOf(name, { own: zones.own, special: new Map(), forward: new Map() });
      if (place.in === "zone") place.zone.set("written", name, { sets, hosts: [] });
      else homeless.push(name);
    }
    return homeless;
  }

  get held(): number {
    return this.#held;
  }

  /** One update after the other, each whole or not at all. `source` is asked for when its turn has come. */
  async update(query: Query, source: () => Source): Promise<Outcome> {
    if (this.#waiting >= WAITING) return { rcode: RCODES.servFail, because: `${WAITING} updates wait for the disk` };
    this.#waiting += 1;
    const outcome = this.#last.then(() => this.#carryOut(query, source));
    this.#last = outcome.catch(() => undefined); // whatever goes wrong with one, the next has its turn
    return outcome.finally(() => {
      this.#waiting -= 1;
    });
  }

  async #carryOut(query: Query, source: () => Source): Promise<Outcome> {
    const now = source();
    const zone = now.zones.own.get(query.name);
    if (!zone) return { rcode: RCODES.notAuth, because: `${query.name || "."} is no zone of ours` };
    const update = readable(query);
    if ("because" in update) return update;
    const outcome = decideUpdate(update, { ...now, zone, limit: RECORDS, held: this.#held });
    if (outcome.rcode !== RCODES.noError || !("changes" in outcome)) return outcome;
    try {
      // Asked for in one go, so that the store keeps all of it or nothing.
      await Promise.all(
        [...outcome.changes].map(([name, sets]) => (sets.size > 0 ? this.#table.put(name, rowOf(sets)) : this.#table.remove(name))),
      );
    } catch (error) {
      return { rcode: RCODES.servFail, because: `it could not be written to disk: ${error instanceof Error ? error.message : error}` };
    }
    // The description may have changed meanwhile, and with it the zones.
    const home = source().zones.own.get(query.name) ?? zone;
    for (const [name, sets] of outcome.changes) this.#write(home, name, sets);
    return outcome;
  }

  #write(zone: Zone, name: string, sets: Sets): void {
    this.#held += total([sets]) - total([this.#names.get(name) ?? new Map()]);
    if (sets.size > 0) this.#names.set(name, sets);
    else this.#names.delete(name);
    zone.set("written", name, sets.size > 0 ? { sets, hosts: [] } : undefined);
  }
}

function readable(query: Query): Update | { readonly rcode: number; readonly because: string } {
  try {
    return readUpdate(query);
  } catch (error) {
    if (error instanceof WireError) return { rcode: RCODES.formErr, because: error.message };
    throw error;
  }
}

const setsOf = ({ sets }: Row): Sets =>
  new Map(sets.map(({ type, ttl, data }) => [type, { ttl, data: data.map((hex) => Buffer.from(hex, "hex")) }]));

const rowOf = (sets: Sets): Row => ({
  sets: [...sets].map(([type, { ttl, data }]) => ({ type, ttl, data: data.map((each) => Buffer.from(each).toString("hex")) })),
});
