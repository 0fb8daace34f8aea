/** What survives a restart: named tables and one journal, behind an interface small enough for a shared store to take its place. */

export interface Store {
  /** Values are plain JSON-like data. */
  table<T>(name: string): Table<T>;
  /** Appended entries, oldest dropped beyond `limit`. */
  log<T>(name: string, limit: number): Log<T>;
  /** Waits until everything is on disk. */
  close(): Promise<void>;
}

/** `soon` waits a moment for a write that somebody needs `now`, and goes with it: for what nobody waits for. */
export type When = "now" | "soon";

export interface Table<T> {
  /** Read once at start; services keep their own copy in memory. */
  entries(): Promise<ReadonlyMap<string, T>>;
  /** Resolves when the value is on disk. Many calls share one sync. */
  put(key: string, value: T, when?: When): Promise<void>;
  remove(key: string, when?: When): Promise<void>;
}

export interface Log<T> {
  append(entry: T, when?: When): Promise<void>;
  /** Newest last, at most `count`. */
  tail(count: number): Promise<readonly T[]>;
}
