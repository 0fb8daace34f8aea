/** What one DHCP message deserves: a reply or silence, what the lease book shall say from then on, and always why. RFC 2131 §4.3. */
import { broadcast, cidr, contains, type Ipv4, type Mac, NOWHERE, type Subnet } from "../../cluster/address.ts";
import type { NextBoot } from "../machines/machine.ts";
import { choose, objection } from "./choose.ts";
import { type Handover, handover, recognise } from "./firmware.ts";
import { claimedName } from "./hostname.ts";
import { type Book, hasEnded, type Lease, leaseOf } from "./leases.ts";
import type { Packet, Room } from "./packet.ts";
import { type Destination, destination, grant, inform, refuse, roomOf } from "./reply.ts";
import type { Site } from "./site.ts";

/** All that an answer may depend on. Nothing here reads a clock, a socket or a file. */
export interface World {
  readonly site: Site;
  readonly book: Book;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Our own address on the interface where the packet was heard; absent: the one that the site is served from. */
  readonly heardOn?: Ipv4;
  nextBoot(mac: Mac): NextBoot;
}

export type Decision = Verdict & {
  /** Goes into the book at once, and onto the disk before the reply leaves unless it is only `offered`. */
  readonly lease?: Lease;
  /** Before the reply leaves, ask the network whether somebody has this address; if so, see `inUse` and decide again. */
  readonly probe?: Ipv4;
  readonly because: string;
  readonly level?: "warning";
};
type Verdict = { readonly do: "reply"; readonly packet: Packet; readonly to: Destination; readonly room: Room } | { readonly do: "ignore" };

/** Milliseconds that an offered address waits for its machine: a slow firmware's retries, not a whole boot. */
export const HELD = 30_000;
/** Milliseconds that an address rests after its machine found somebody else using it. */
export const QUARANTINE = 600_000;

export function answer(request: Packet, world: World): Decision {
  const improper = impropriety(request, world.site);
  if (improper) return ignore(improper);
  switch (request.options.messageType) {
    case "discover":
      return discover(request, world);
    case "request":
      return take(request, world);
    case "decline":
      return decline(request, world);
    case "release":
      return release(request, world);
    case "inform":
      return informed(request, world);
    default:
      return ignore(`a client has no business sending ${request.options.messageType ?? "a message without a type"}`);
  }
}

/** Why a packet needs no closer look; undefined when it does. */
export function impropriety({ op, mac, relayAddress }: Packet, { addresses: { subnet }, server }: Site): string | undefined {
  if (op === "reply") return "it is another server's reply";
  if (mac === "00:00:00:00:00:00" || Number.parseInt(mac.slice(0, 2), 16) & 1) return "its hardware address is nobody's";
  // With one subnet described, a relay can only stand in that one: its address says where the client is (RFC 2131 §4.3.1).
  if (relayAddress === NOWHERE || (isHost(subnet, relayAddress) && relayAddress !== server)) return undefined;
  return `its relay, ${relayAddress}, is not in ${cidr(subnet)}`;
}

const isHost = (subnet: Subnet, address: Ipv4): boolean =>
  contains(subnet, address) && address !== subnet.base && address !== broadcast(subnet);

function discover(request: Packet, world: World): Decision {
  const { site, book, now } = world;
  const choice = choose(book, request.mac, request.options.requestedAddress, now);
  if (!choice.address) return { ...ignore(`${choice.because}`), level: "warning" };
  const boot = bootOf(request, world);
  const packet = grant(request, "offer", choice.address, site, boot.handover);
  const lease = hold(world, request.mac, choice.address);
  return {
    ...reply(request, packet, `${who(request, site)} asked and ${choice.because}${boot.because}`),
    ...(lease && { lease }),
    ...boot.level,
  };
}

/** Nobody else may be offered the address meanwhile. A reservation is safe anyhow, a lease that runs long enough too. */
function hold({ book, now }: World, mac: Mac, address: Ipv4): Lease | undefined {
  const lease = leaseOf(book, mac);
  const until = now + HELD;
  if (book.reserved.has(address)) return undefined;
  if (lease?.state !== "bound" || hasEnded(lease, now)) return { address, mac, state: "offered", endsAt: until };
  return hasEnded(lease, until) ? { ...lease, endsAt: until } : undefined;
}

/** RFC 2131 §4.3.2. SELECTING names a server, INIT-REBOOT only an address, RENEWING and REBINDING say where they are. */
function take(request: Packet, world: World): Decision {
  const { site, book, now } = world;
  const { mac, clientAddress, options } = request;
  if (options.serverId && options.serverId !== site.server) return turnedDown(request, world);
  const wanted = options.requestedAddress ?? clientAddress;
  if (wanted === NOWHERE) return ignore("it names no address");

  const refused = objection(book, wanted, mac, now);
  if (refused) {
    const mayBeElsewhere = !options.serverId && !refused.ours && !site.machines.has(mac);
    if (mayBeElsewhere) return ignore(`${refused.because}, and another server may know it`); // §4.3.2: no record, no word
    return reply(request, refuse(request, site.server, refused.because), refused.because);
  }
  const boot = bootOf(request, world);
  const hostname = claimedName(request.options, mac, world);
  const endsAt = Number.isFinite(site.lease) ? { endsAt: now + site.lease * 1000 } : {};
  const lease: Lease = { address: wanted, mac, state: "bound", ...endsAt, ...(hostname && { hostname }) };
  const because = `${who(request, site)} ${clientAddress === wanted ? "keeps it" : "takes it"}${boot.because}`;
  return { ...reply(request, grant(request, "ack", wanted, site, boot.handover), because), lease, ...boot.level };
}

/** Another server was chosen: what was held for the machine is free again. */
function turnedDown({ mac, options }: Packet, { book, now }: World): Decision {
  const lease = leaseOf(book, mac);
  return { ...ignore(`it chose ${options.serverId}'s offer`), ...(lease?.state === "offered" && { lease: { ...lease, endsAt: now } }) };
}

function decline(request: Packet, { site, book, now }: World): Decision {
  const { mac, options } = request;
  if (options.serverId && options.serverId !== site.server) return ignore(`it declines ${options.serverId}'s offer`);
  const address = options.requestedAddress;
  const taken = `${address} is in use by a machine that did not get it from us: find it, and move it away`;
  if (address && book.plan.reservations.get(mac) === address)
    return { ...ignore(`${taken}; it stays reserved for ${who(request, site)}`), level: "warning" };
  const lease = leaseOf(book, mac);
  if (!address || lease?.address !== address) return ignore(`it declines ${address ?? "nothing"}, which it does not have`);
  return {
    ...ignore(`${taken}; it rests for ${QUARANTINE / 60_000} minutes`),
    lease: { address, mac, state: "declined", endsAt: now + QUARANTINE },
    level: "warning",
  };
}

/** What the book shall say when a probe found that `by` uses an address we meant to offer; undefined when it may be offered all the same. */
export function inUse(address: Ipv4, by: Mac, asker: Mac, now: number): { readonly lease: Lease; readonly because: string } | undefined {
  if (by === asker) return undefined; // it uses already what it asks for
  return {
    lease: { address, mac: by, state: "declined", endsAt: now + QUARANTINE },
    because: `${address} is in use by ${by}, which did not get it from us: find it, and move it away; it rests for ${QUARANTINE / 60_000} minutes`,
  };
}

function release({ mac, clientAddress, options }: Packet, { site, book, now }: World): Decision {
  if (options.serverId && options.serverId !== site.server) return ignore(`it releases ${options.serverId}'s lease`);
  const lease = leaseOf(book, mac);
  if (lease?.address !== clientAddress || lease.state !== "bound") return ignore(`it releases ${clientAddress}, which it does not have`);
  return { ...ignore(`it gives ${clientAddress} back; a release gets no answer`), lease: { ...lease, state: "released", endsAt: now } };
}

function informed(request: Packet, world: World): Decision {
  const { site } = world;
  const { clientAddress } = request;
  if (!isHost(site.addresses.subnet, clientAddress)) return ignore(`it is at ${clientAddress}, not in ${cidr(site.addresses.subnet)}`);
  const boot = bootOf(request, world);
  return reply(request, inform(request, site, boot.handover), `${who(request, site)} wants to know${boot.because}`);
}

interface Boot {
  readonly handover: Handover;
  /** Continues the sentence that says why there is a reply; empty when nobody wants to boot. */
  readonly because: string;
  readonly level?: { readonly level: "warning" };
}

/** What a client that wants to boot is handed, if `nextBoot` lets it boot at all. */
export function bootOf({ mac, options }: Packet, { site, nextBoot }: Pick<World, "site" | "nextBoot">): Boot {
  const client = recognise(options);
  const nothing = { bootFile: "", options: {} };
  if (client.stage === "system") return { handover: nothing, because: "" };
  if (client.stage === "unsupported") return { handover: nothing, because: `; ${client.because}`, level: { level: "warning" } };
  const next = nextBoot(mac);
  return { handover: next.do === "nothing" ? nothing : handover(client, mac, site.server), because: `; ${next.do}: ${next.because}` };
}

const who = ({ mac }: Packet, { machines }: Site): string => machines.get(mac)?.name ?? "a machine that is not listed";
const ignore = (because: string): Decision => ({ do: "ignore", because });
const reply = (request: Packet, packet: Packet, because: string): Decision => ({
  do: "reply",
  packet,
  to: destination(packet),
  room: roomOf(request),
  because,
});
