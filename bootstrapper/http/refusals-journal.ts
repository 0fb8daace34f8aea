/** Refusals into the journal, a bounded number for each address, so that one noisy client cannot push out everything else. */
import type { Journal } from "../journal.ts";
import type { Refusal } from "./refusal.ts";

const WINDOW_MS = 60_000;
const PER_WINDOW = 30;
const ADDRESSES = 1024;

interface Window {
  readonly from: number;
  count: number;
}

/** Writes each refusal that asks for it; beyond 30 a minute from one address, one line says that more are not shown. */
export function refusalsJournal(journal: Journal, now: () => number): (address: string, refusal: Refusal) => void {
  const windows = new Map<string, Window>();

  return (address, { message, handling }) => {
    if (!handling.journal) return;
    const time = now();
    const known = windows.get(address);
    const window = known && time - known.from < WINDOW_MS ? known : { from: time, count: 0 };
    windows.delete(address); // so that the first key is the one not heard of for longest
    windows.set(address, window);
    if (windows.size > ADDRESSES) windows.delete(windows.keys().next().value!);

    window.count += 1;
    if (window.count > PER_WINDOW + 1) return;
    const text =
      window.count > PER_WINDOW ? `${address} is refused more than ${PER_WINDOW} times a minute; the rest is not shown` : message;
    journal({ from: "http", level: handling.journal, text, ...(handling.mac && { mac: handling.mac }) });
  };
}
