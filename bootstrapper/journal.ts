/** What each machine did and what we answered, with why: for the terminal, the web page and the store. */
import type { Mac } from "../cluster/address.ts";
import { Flood } from "./journal-flood.ts";
import { harmless, type LineFormat, line } from "./journal-line.ts";
import type { Log } from "./store/store.ts";

export interface JournalEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly from: "dhcp" | "tftp" | "dns" | "http" | "machines" | "time" | "registry" | "kubernetes" | "appliance";
  readonly mac?: Mac;
  /** `warning`: the operator should look; `refused`: somebody asked for what they may not have. */
  readonly level: "info" | "warning" | "refused";
  /** Subject first, reason last: "offer 10.0.0.11 undionly.kpxe: cp-1 asked". */
  readonly text: string;
}

export type Journal = (entry: Omit<JournalEntry, "at">) => void;

export interface JournalOptions {
  readonly log: Log<JournalEntry>;
  /** Takes whole lines and never waits. */
  readonly print: (line: string) => void;
  readonly format: LineFormat;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface KeptJournal {
  readonly journal: Journal;
  /** The newest entries, newest last. */
  tail(count: number): Promise<readonly JournalEntry[]>;
  /** Says what was held back, and waits for the store. */
  close(): Promise<void>;
}

/** Entries that may wait for the store at once; beyond them, entries are only printed. */
const WAITING = 5000;

/** Prints every entry and keeps it, without making anybody wait. */
export function makeJournal({ log, print, format, now }: JournalOptions): KeptJournal {
  const flood = new Flood(now());
  const keeping = new Set<Promise<void>>();
  let unkept = "";

  function keep(entry: JournalEntry): void {
    print(line(entry, format));
    if (keeping.size >= WAITING) return;
    const kept: Promise<void> = log
      .append(entry, entry.level === "info" ? "soon" : "now")
      .then(
        () => {
          unkept = "";
        },
        (error: Error) => {
          // Once, and only printed: the store is what is broken.
          const text = `the journal is not kept: ${error.message}`;
          if (text !== unkept) print(line({ at: now(), from: "appliance", level: "warning", text }, format));
          unkept = text;
        },
      )
      .finally(() => keeping.delete(kept));
    keeping.add(kept);
  }

  const writeAll = (entries: readonly Omit<JournalEntry, "at">[]): void => {
    for (const entry of entries) keep({ at: now(), ...entry });
  };
  const timer = setInterval(() => writeAll(flood.due(now())), 2000).unref();
  return {
    journal: (entry) => writeAll(flood.pass({ ...entry, text: harmless(entry.text) }, now())),
    tail: (count) => log.tail(count),
    close: async () => {
      clearInterval(timer);
      writeAll(flood.due(Number.POSITIVE_INFINITY));
      await Promise.all(keeping);
    },
  };
}
