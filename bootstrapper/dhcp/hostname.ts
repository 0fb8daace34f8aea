/** What a machine that is not listed calls itself, as far as it may be believed. */
import { nameIsFree } from "./choose.ts";
import type { Situated } from "./decision.ts";

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const DASHED_MAC = /^([0-9a-f]{2}-){5}[0-9a-f]{2}$/;

/**
 * The first label of option 81 or 12, in lower case; undefined unless it is a name that the DNS may give to this machine.
 * It must belong to nobody else: neither to the description, nor to a running lease, nor be some machine's dashed MAC.
 */
export function claimedName({ request: { mac, options }, site, book, asker, now }: Situated): string | undefined {
  if (site.machines.has(mac) || site.namesStrangers) return undefined;
  const claimed = options.clientName?.name || options.hostname;
  if (!claimed) return undefined;
  const name = claimed.split(".", 1)[0]!.toLowerCase();
  const believable = LABEL.test(name) && !DASHED_MAC.test(name) && !site.names.has(name);
  return believable && nameIsFree(book, name, asker.holder, now) ? name : undefined;
}
