/** What a relay's note (option 82) says that a server must act on. RFC 3046 §2.0; the rest of it is only repeated. */
import type { Ipv4 } from "../../cluster/address.ts";
import { address } from "./values.ts";

/** RFC 3527 §3: where the client is, when that is not where the relay's own address is. */
export const LINK_SELECTION = 5;
/** RFC 5107 §4: what the client shall take for its server, so that its renewals go through the relay too. */
export const SERVER_OVERRIDE = 11;

/** The address in a sub-option; undefined when there is none, or nothing that is an address. */
export function addressIn(note: Uint8Array | undefined, wanted: number): Ipv4 | undefined {
  for (let at = 0; note && at + 2 <= note.length; at += 2 + note[at + 1]!) {
    if (note[at] !== wanted) continue;
    return note[at + 1] === 4 && at + 6 <= note.length ? address.decode(note.subarray(at + 2, at + 6)) : undefined;
  }
  return undefined;
}
