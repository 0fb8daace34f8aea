/** A Store that keeps everything in memory, with a hand on its disk: tests decide when a write is durable. */
import type { Log, Store, Table } from "../../bootstrapper/store/store.ts";

export interface MemoryStore extends Store {
  /** How many writes were asked for: a batch of concurrent ones may share a sync, each still counts. */
  readonly writes: () => number;
  /** From now on nothing becomes durable; the returned function lets what waits through. */
  hold(): () => void;
  /** From now on every write is refused with this error; undefined mends it. */
  fail(error: Error | undefined): void;
  /** Writes that wait for `hold` to end. */
  readonly waiting: () => number;
}

export function memoryStore(): MemoryStore {
  const tables = new Map<string, Map<string, unknown>>();
  const logs = new Map<string, unknown[]>();
  let gate: Promise<void> | undefined;
  let failure: Error | undefined;
  let writes = 0;
  let waiting = 0;

  async function durable(apply: () => void): Promise<void> {
    writes += 1;
    waiting += 1;
    await (gate ?? Promise.resolve());
    waiting -= 1;
    if (failure) throw failure;
    apply();
  }

  return {
    writes: () => writes,
    waiting: () => waiting,
    hold: () => {
      let release = (): void => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        gate = undefined;
        release();
      };
    },
    fail: (error) => {
      failure = error;
    },
    table: <T>(name: string): Table<T> => {
      const rows = (tables.get(name) ?? new Map<string, unknown>()) as Map<string, T>;
      tables.set(name, rows);
      return {
        entries: async () => new Map(structuredClone(rows)),
        put: (key, value) => {
          const copy = structuredClone(value);
          return durable(() => rows.set(key, copy));
        },
        remove: (key) => durable(() => rows.delete(key)),
      };
    },
    log: <T>(name: string, limit: number): Log<T> => {
      const entries = (logs.get(name) ?? []) as T[];
      logs.set(name, entries);
      return {
        append: (entry) => {
          const copy = structuredClone(entry);
          return durable(() => {
            entries.push(copy);
            if (entries.length > limit) entries.splice(0, entries.length - limit);
          });
        },
        tail: async (count) => (count > 0 ? structuredClone(entries.slice(-count)) : []),
      };
    },
    close: async () => {
      await (gate ?? Promise.resolve());
    },
  };
}
