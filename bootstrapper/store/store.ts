/** What survives a restart: named tables and one journal, behind an interface small enough for a shared store to take its place. */

export interface Store {
  /** Values are plain JSON-like data. */
  table<T>(name: string): Table<T>;
  /** Appended entries, oldest dropped beyond `limit`. */
  log<T>(name: string, limit: number): Log<T>;
  /** Waits until everything is on disk. */
  close(): Promise<void>;
}

export interface Table<T> {
  /** Read once at start; services keep their own copy in memory. */
  entries(): Promise<ReadonlyMap<string, T>>;
  /** Resolves when the value is on disk. Many calls share one sync. */
  put(key: string, value: T): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface Log<T> {
  append(entry: T): Promise<void>;
  /** Newest last, at most `count`. */
  tail(count: number): Promise<readonly T[]>;
}
