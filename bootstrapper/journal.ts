/** What each machine did and what we answered, with why: for the terminal, the web page and the store. */
import type { Mac } from "../cluster/address.ts";

export interface JournalEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly from: "dhcp" | "tftp" | "dns" | "http" | "machines" | "time" | "appliance";
  readonly mac?: Mac;
  /** `warning`: the operator should look; `refused`: somebody asked for what they may not have. */
  readonly level: "info" | "warning" | "refused";
  /** Subject first, reason last: "offer 10.0.0.11 undionly.kpxe: cp-1 asked". */
  readonly text: string;
}

export type Journal = (entry: Omit<JournalEntry, "at">) => void;
