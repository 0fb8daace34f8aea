/** A journal for complaints: anybody on the network can cause them, so they are few, and what is left out is counted. */
import type { Journal } from "./journal.ts";

/** At most `limit` entries a minute pass; the next one after that says how many did not. */
export function sparing(journal: Journal, now: () => number, limit = 30): Journal {
  let since = now();
  let passed = 0;
  let held = 0;
  return (entry) => {
    if (now() - since >= 60_000) {
      if (held > 0)
        journal({ from: entry.from, level: "warning", text: `left out ${held} more complaints: more than ${limit} in a minute` });
      since = now();
      passed = 0;
      held = 0;
    }
    if (passed === limit) {
      held += 1;
      return;
    }
    passed += 1;
    journal(entry);
  };
}
