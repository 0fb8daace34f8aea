/**
 * The embedded store: one append-only file for all tables, one for each log, in a folder that a single process holds.
 *
 * Everything is read once and kept in memory, and a change is one line at the end of a file, so that any number of changes share one sync,
 * nothing blocks the event loop, and a power cut spoils at most the end of a file. ARCHITECTURE.md weighs it against the databases on npm.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppendFile, HEADER, readLines } from "./append-file.ts";
import { AppendedLog } from "./appended-log.ts";
import { StoreError } from "./error.ts";
import { lockFolder } from "./lock.ts";
import type { Line } from "./record.ts";
import type { Log, Store, Table, When } from "./store.ts";

/** [table, key, value], or [table, key] for a removal. */
type Change = readonly [table: string, key: string, value?: unknown];

export interface FileStore extends Store {
  /** What the operator should know of the files as they were found. */
  readonly warnings: readonly string[];
}

/** Throws StoreError when the folder is in use, cannot be written, or holds a damaged file. */
export async function openStore(folder: string): Promise<FileStore> {
  await makeFolder(folder);
  const release = await lockFolder(folder);
  try {
    return await openFiles(folder, release);
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * The tables as they are on disk at this moment, without holding the folder: a server may be at work there. Throws StoreError when there are
 * none, or the file is damaged.
 */
export async function readTables(folder: string): Promise<ReadonlyMap<string, ReadonlyMap<string, unknown>>> {
  const path = join(folder, "state.log");
  const lines = await readLines(path);
  if (lines.length === 0) throw new StoreError(`${path}: there is no such file, or it is empty; name the folder with --state`);
  const tables = new Map<string, Map<string, unknown>>();
  for (const [table, key, value] of readChanges(path, lines).changes) {
    const rows = tables.get(table) ?? new Map<string, unknown>();
    tables.set(table, rows);
    if (value === undefined) rows.delete(key);
    else rows.set(key, value);
  }
  return tables;
}

async function openFiles(folder: string, release: () => Promise<void>): Promise<FileStore> {
  const path = join(folder, "state.log");
  const { changes, warnings } = readChanges(path, await readLines(path));
  const tables = new Map<string, Map<string, string>>();
  const apply = ([table, key, value]: Change, json: string): void => {
    const rows = tables.get(table) ?? new Map<string, string>();
    tables.set(table, rows);
    if (value === undefined) rows.delete(key);
    else rows.set(key, json);
  };
  for (const change of changes) apply(change, JSON.stringify(change));

  const file = new AppendFile(path, {
    sync: "each",
    snapshot: () => [...tables.values()].flatMap((rows) => [...rows.values()]),
    live: () => [...tables.values()].reduce((sum, rows) => sum + rows.size, 0),
  });
  await file.start();
  const change = (made: Change, when: When | undefined): Promise<void> => {
    const json = JSON.stringify(made);
    return file.append(json, () => apply(made, json), when);
  };
  const logs = new Map<string, Promise<AppendedLog>>();
  const opened = (name: string, limit: number): Promise<AppendedLog> => {
    const log = logs.get(name) ?? AppendedLog.open(join(folder, `${name}.log`), limit);
    logs.set(name, log);
    return log;
  };

  return {
    warnings,
    table: <T>(name: string): Table<T> => ({
      entries: async () => new Map([...(tables.get(name) ?? [])].map(([key, json]) => [key, (JSON.parse(json) as Change)[2] as T])),
      put: async (key, value, when) => change([name, key, value ?? null], when),
      remove: async (key, when) => change([name, key], when),
    }),
    log: <T>(name: string, limit: number): Log<T> => ({
      append: async (entry, when) => (await opened(name, limit)).append(JSON.stringify(entry), when),
      tail: async (count) => (await opened(name, limit)).tail(count).map((json) => JSON.parse(json) as T),
    }),
    close: async () => {
      const open = await Promise.allSettled(logs.values());
      await Promise.all([file.close(), ...open.map((log) => (log.status === "fulfilled" ? log.value.close() : undefined))]);
      await release();
    },
  };
}

function readChanges(path: string, lines: readonly Line[]): { changes: readonly Change[]; warnings: readonly string[] } {
  const broken = lines.findIndex(({ items }) => !items);
  const after = broken < 0 ? undefined : lines.slice(broken).find(({ items }) => items);
  if (after) throw damaged(path, `the line at byte ${lines[broken]!.at} is damaged, yet what was written after it is whole`);
  const whole = broken < 0 ? lines : lines.slice(0, broken);
  if (lines.length > 0 && JSON.stringify(whole[0]?.items?.[0]) !== HEADER)
    throw damaged(path, "it does not begin as a state file of this version does");
  const changes = whole.flatMap(({ items }, index) => (index === 0 ? (items ?? []).slice(1) : (items ?? [])));
  const wrong = changes.findIndex((change) => !isChange(change));
  if (wrong >= 0) throw damaged(path, `its entry ${wrong} is no change of a table`);
  return {
    changes: changes as readonly Change[],
    warnings:
      broken < 0
        ? []
        : [`${path}: a write was cut off at byte ${lines[broken]!.at} when the bootstrapper ended; nothing that was promised was in it`],
  };
}

const isChange = (change: unknown): boolean =>
  Array.isArray(change) && (change.length === 2 || change.length === 3) && typeof change[0] === "string" && typeof change[1] === "string";

const damaged = (path: string, what: string): StoreError =>
  new StoreError(
    `${path}: ${what}. Put a copy of the file back, or move it away: the bootstrapper then starts without memory, gives machines new leases ` +
      "and takes those listed for never installed. Their installers refuse disks that are not blank, so no disk is lost.",
  );

/** Others may pass through it, since chronyd gives up root and keeps its socket below; its files are their owner's alone. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o711 });
  } catch (error) {
    throw new StoreError(`${folder}: the state folder cannot be made: ${(error as Error).message}; choose another with --state`, {
      cause: error,
    });
  }
}
