/** A journal for complaints: anybody on the network can cause them, so they are few, and what is left out is counted. */
import type { Journal, JournalEntry } from "./journal.ts";

type Entry = Omit<JournalEntry, "at">;
/** Takes what makes an entry too, which costs nothing when the entry is left out. */
export type Sparing = (entry: Entry | (() => Entry)) => void;

/** At most `limit` entries a minute pass; the next one after that says how many did not. */
export function sparing(journal: Journal, now: () => number, limit = 30): Sparing {
  let since = now();
  let passed = 0;
  let held = 0;
  return (entry) => {
    const renewed = now() - since >= 60_000;
    if (!renewed && passed === limit) {
      held += 1;
      return;
    }
    const made = typeof entry === "function" ? entry() : entry;
    if (renewed) {
      if (held > 0)
        journal({ from: made.from, level: "warning", text: `left out ${held} more complaints: more than ${limit} in a minute` });
      since = now();
      passed = 0;
      held = 0;
    }
    passed += 1;
    journal(made);
  };
}
