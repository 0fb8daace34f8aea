/** A journal entry as the terminal shows it. */
import type { JournalEntry } from "./journal.ts";

export type LineFormat = "text" | "json";

/** Characters; what a machine says of itself may be long. */
const LONGEST = 1200;

/** `2026-11-21T08:02:00Z dhcp 52:54:00:00:00:11 offer 10.0.0.11 undionly.kpxe: cp-1 asked`, or the entry as JSON, which a program reads. */
export function line(entry: JournalEntry, format: LineFormat): string {
  const time = new Date(entry.at).toISOString();
  if (format === "json") return JSON.stringify({ time, level: entry.level, from: entry.from, mac: entry.mac, text: entry.text });
  const level = entry.level === "info" ? [] : [`${entry.level}:`];
  return [`${time.slice(0, 19)}Z`, entry.from, ...(entry.mac ? [entry.mac] : []), ...level, entry.text].join(" ");
}

/** Without what could start a new line, colour a terminal or turn its direction of writing. */
export function harmless(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST - 1)}…` : plain;
}
