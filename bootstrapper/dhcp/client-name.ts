/** The answer to a client that says its whole name (option 81): what it is called here, and who tells the DNS. RFC 4702 §4. */
import { CLIENT_NAME, type ClientName } from "./values.ts";

/** `hostname`: what we call it, under `domain`; without one its name is nothing to our DNS. */
export function completedName(claimed: ClientName, hostname: string | undefined, domain: string): ClientName {
  const wantsUs = (claimed.flags & CLIENT_NAME.server) !== 0;
  const update = hostname ? CLIENT_NAME.server : CLIENT_NAME.noUpdate;
  const overridden = wantsUs === (hostname !== undefined) ? 0 : CLIENT_NAME.overridden;
  return {
    flags: update | overridden | (claimed.flags & CLIENT_NAME.asLabels),
    name: hostname ? `${hostname}.${domain}` : claimed.name,
  };
}
