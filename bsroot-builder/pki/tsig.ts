/** TSIG keys: one random secret for each of `dns.keys`, made once and kept, as what signs with it lies elsewhere too. */
import { randomBytes } from "node:crypto";
import type { TsigKey } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import type { Verdict } from "./judge.ts";
import { formatTsigKey, parseTsigKey, TSIG_SECRET_LENGTH } from "./tsig-file.ts";

/** `text`: the key's file as it lies on disk. A secret somebody brought along is as good as ours, if it is long enough. */
export function judgeTsigKey({ name, algorithm }: TsigKey, text: string | undefined): Verdict {
  if (text === undefined) return { do: "issue", because: "it is new" };
  const path = layout.tls.tsigKey(name);
  const wayOut = "restore it from a backup, or delete it to have a new one made";
  const found = parseTsigKey(text);
  if (!found) return { do: "refuse", because: `${path} is no TSIG key; ${wayOut}` };
  if (found.name !== name) return { do: "refuse", because: `${path} holds the key ${found.name}; ${wayOut}` };
  if (found.algorithm !== algorithm) return { do: "issue", because: `it was for ${found.algorithm}` };
  const length = Buffer.from(found.secret, "base64").length;
  // RFC 8945 §8: at least half as long as the hash.
  if (length < TSIG_SECRET_LENGTH[algorithm] / 2)
    return { do: "refuse", because: `${path} has a secret of only ${length} bytes; ${wayOut}` };
  return { do: "keep" };
}

export const newTsigKey = ({ name, algorithm }: TsigKey): string =>
  formatTsigKey({ name, algorithm, secret: randomBytes(TSIG_SECRET_LENGTH[algorithm]).toString("base64") });
