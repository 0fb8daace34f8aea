/** What one DHCP message deserves: a reply or silence, what the lease book shall say from then on, and always why. RFC 2131 §4.3. */
import { cidr, type Ipv4 } from "../../cluster/address.ts";
import { bootOf } from "./booting.ts";
import { choose, HELD, justOffered, PROBED } from "./choose.ts";
import { type Decision, ignore, reply, type Situated, type World, who } from "./decision.ts";
import { decline, release } from "./give-back.ts";
import { hasEnded, holderAt, type Lease, leaseOf } from "./leases.ts";
import { isHost, locate } from "./locate.ts";
import type { Packet } from "./packet.ts";
import { quirksOf } from "./quirks.ts";
import { grant, inform, noAddress } from "./reply.ts";
import { nameOf, type Site } from "./site.ts";
import { take } from "./take.ts";
import { hex } from "./values.ts";

export { HELD } from "./choose.ts";
export type { Decision, World } from "./decision.ts";
export { inUse, QUARANTINE } from "./give-back.ts";

export function answer(request: Packet, world: World): Decision {
  const situated = situate(request, world);
  if (typeof situated === "string") return ignore(situated);
  switch (request.options.messageType) {
    case "discover":
      return discover(situated);
    case "request":
      return take(situated);
    case "decline":
      return decline(situated);
    case "release":
      return release(situated);
    case "inform":
      return informed(situated);
    default:
      return ignore(`a client has no business sending ${request.options.messageType ?? "a message without a type"}`);
  }
}

/** Why a packet needs no closer look; undefined when it does. */
export function impropriety(request: Packet, site: Site, heardOn?: Ipv4): string | undefined {
  const where = whose(request) ?? locate(request, site, heardOn);
  return typeof where === "string" ? where : undefined;
}

/** Why it is nobody's request. */
function whose({ op, mac }: Packet): string | undefined {
  if (op === "reply") return "it is another server's reply";
  const group = "13579bdf".includes(mac[1]!);
  return group || mac === "00:00:00:00:00:00" ? "its hardware address is nobody's" : undefined;
}

function situate(request: Packet, world: World): Situated | string {
  const { site, book, now, nextBoot, hasFile } = world;
  const segment = whose(request) ?? locate(request, site, world.heardOn);
  if (typeof segment === "string") return segment;
  const clientId = request.options.clientId && hex(request.options.clientId);
  const pool = book.pools[segment.index]!;
  const asker = { mac: request.mac, holder: holderAt(book, pool, request.mac, clientId), pool };
  const quirks = quirksOf(request);
  return quirks.ignored ?? { request, segment, asker, quirks, clientId, site, book, now, nextBoot, ...(hasFile && { hasFile }) };
}

function discover(situated: Situated): Decision {
  const { request, site, book, asker, now } = situated;
  const choice = choose(book, asker, request.options.requestedAddress, now);
  if (choice.address === undefined) {
    // RFC 2563 §3: an address that such a client makes up would only hide that it got none.
    const told = choice.exhausted && request.options.autoConfigure !== undefined;
    return { ...(told ? reply(request, noAddress(situated), choice.because) : ignore(choice.because)), level: "warning" };
  }
  const boot = bootOf(situated);
  const packet = grant(situated, "offer", choice.address, nameOf(site, request.mac), boot.handover);
  const lease = hold(situated, choice.address);
  return {
    ...reply(request, packet, `${who(situated)} asked and ${choice.because}${boot.because}`),
    ...(lease && { lease }),
    ...(choice.strange && { probe: choice.address }),
    ...boot.level,
  };
}

/** Nobody else may be offered the address meanwhile. A reservation is safe anyhow, a lease that runs long enough too. */
function hold({ book, asker, clientId, now }: Situated, address: Ipv4): Lease | undefined {
  const { mac, holder, pool } = asker;
  if (book.reserved.has(address)) return undefined;
  const lease = leaseOf(book, pool, holder);
  if (lease && justOffered(lease, now)) return undefined;
  const until = now + (lease?.state === "offered" ? HELD - PROBED : HELD); // an offer made again is not a new one
  if (lease?.state !== "bound" || hasEnded(lease, now))
    return { address, mac, state: "offered", endsAt: until, ...(clientId && { clientId }) };
  return hasEnded(lease, until) ? { ...lease, endsAt: until } : undefined;
}

function informed(situated: Situated): Decision {
  const { request, segment, site } = situated;
  const { clientAddress } = request;
  if (!isHost(segment.subnet, clientAddress)) return ignore(`it is at ${clientAddress}, not in ${cidr(segment.subnet)}`);
  const boot = bootOf(situated);
  const packet = inform(situated, nameOf(site, request.mac), boot.handover);
  return reply(request, packet, `${who(situated)} wants to know${boot.because}`);
}
