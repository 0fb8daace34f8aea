/** What a REQUEST deserves: the lease, a NAK, or silence. RFC 2131 §4.3.2. */
import { NOWHERE } from "../../cluster/address.ts";
import { bootOf } from "./booting.ts";
import { objection } from "./choose.ts";
import { type Decision, ignore, reply, type Situated, who } from "./decision.ts";
import { claimedName } from "./hostname.ts";
import { type Lease, leaseOf } from "./leases.ts";
import { addressIn, SERVER_OVERRIDE } from "./relay-agent.ts";
import { grant, refuse } from "./reply.ts";
import { nameOf } from "./site.ts";
import { hex } from "./values.ts";

/** SELECTING names a server, INIT-REBOOT only an address, RENEWING and REBINDING say where they are. */
export function take(situated: Situated): Decision {
  const { request, site, segment, book, asker, now, clientId } = situated;
  const { mac, clientAddress, options } = request;
  if (namesAnother(situated)) return turnedDown(situated);
  const wanted = options.requestedAddress ?? clientAddress;
  if (wanted === NOWHERE) return ignore("it names no address");

  const refused = objection(book, asker, wanted, now);
  if (refused) {
    const mayBeElsewhere = !options.serverId && !refused.ours && !site.machines.has(mac);
    if (mayBeElsewhere) return ignore(`${refused.because}, and another server may know it`); // no record, no word
    return reply(request, refuse(situated, refused.because), refused.because);
  }
  const boot = bootOf(situated);
  const claimed = claimedName(situated);
  const relay = options.relayAgent ? hex(options.relayAgent) : leaseOf(book, asker.pool, asker.holder)?.relay; // a renewal comes without
  const lease: Lease = {
    address: wanted,
    mac,
    state: "bound",
    ...(segment.lease !== Infinity && { endsAt: now + segment.lease * 1000 }),
    ...(claimed && { hostname: claimed }),
    ...(clientId && { clientId }),
    ...(relay && { relay }),
  };
  const because = `${who(situated)} ${clientAddress === wanted ? "keeps it" : "takes it"}${boot.because}`;
  const packet = grant(situated, "ack", wanted, nameOf(site, mac) ?? claimed, boot.handover);
  return { ...reply(request, packet, because), lease, ...boot.level };
}

/** Whether the client speaks to another server; one of our own may go by the name that a relay gave it (RFC 5107 §5). */
export function namesAnother({ request: { options }, site }: Situated): boolean {
  const { serverId, relayAgent } = options;
  return serverId !== undefined && !site.servers.has(serverId) && serverId !== addressIn(relayAgent, SERVER_OVERRIDE);
}

/** Another server was chosen: what was held for the machine is free again. */
function turnedDown({ request, book, asker, now }: Situated): Decision {
  const lease = leaseOf(book, asker.pool, asker.holder);
  const chose = ignore(`it chose ${request.options.serverId}'s offer`);
  return { ...chose, ...(lease?.state === "offered" && { lease: { ...lease, endsAt: now } }) };
}
