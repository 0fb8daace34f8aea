/** What the journal says of a transfer that is over. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { JournalEntry } from "../journal.ts";
import { shown } from "./name.ts";

export type Entry = Omit<JournalEntry, "at">;

export interface Client {
  readonly address: Ipv4;
  /** Undefined when nobody holds the address. */
  readonly mac: Mac | undefined;
}

export interface Outcome {
  readonly state: "done" | "declined" | "failed" | "stopped";
  readonly because: string;
  readonly blocks: number;
  /** Packets sent more than once. */
  readonly repeats: number;
}

export function report({ state, because, blocks, repeats }: Outcome, client: Client, asked: string, size: number): Entry {
  const file = shown(asked);
  const again = repeats > 0 ? `, ${repeats} sent again` : "";
  switch (state) {
    case "done":
      return entry(client, "info", `sent ${file} ${amount(size)} in ${blocks} block${blocks === 1 ? "" : "s"}${again}`);
    case "declined":
      return entry(client, "info", `only asked about ${file}: ${shown(because)}`);
    case "failed":
      return entry(client, "warning", `did not get all of ${file}: ${shown(because)}${again}`);
    case "stopped":
      return entry(client, "info", `no longer sent ${file}: ${because}`);
  }
}

/** The journal names a machine it knows; whoever else it is gets named here. */
export const entry = ({ address, mac }: Client, level: Entry["level"], text: string): Entry =>
  mac ? { from: "tftp", mac, level, text } : { from: "tftp", level, text: `${address} ${text}` };

function amount(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.floor(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
