/** Which TSIG key external-dns may sign with: it writes names, and reads them back by zone transfer. */
import type { TsigKey } from "../cluster.ts";

/** `chosen`: the name that the description says, or the empty text. The first one counts. */
export const keysForExternalDns = <T extends Pick<TsigKey, "name" | "may">>(keys: readonly T[], chosen: string | undefined): readonly T[] =>
  keys.filter(({ name, may }) => may.includes("update") && may.includes("transfer") && (!chosen || name === chosen));
