/** The packets a server sends, and where to. RFC 2131 §4.1 and table 3. */
import { EVERYWHERE, type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import { completedName } from "./client-name.ts";
import type { Situated } from "./decision.ts";
import { over } from "./described.ts";
import type { Handover } from "./firmware.ts";
import { type MessageType, OPTIONS, type OptionName, type Options } from "./options.ts";
import { LEAST, type Packet, type Room } from "./packet.ts";
import type { Change } from "./quirks.ts";
import { addressIn, SERVER_OVERRIDE } from "./relay-agent.ts";
import type { Segment } from "./site.ts";

type Where = Pick<Situated, "request" | "site" | "segment" | "quirks">;
/** Options while they are put together: one object, because there is one for each packet. */
type Draft = { -readonly [Name in keyof Options]: Options[Name] };

/** `address` is yiaddr. */
export function grant(where: Where, type: "offer" | "ack", address: Ipv4, hostname: string | undefined, boot: Handover): Packet {
  const { request, segment } = where;
  const options = configuration(where, type, hostname);
  options.leaseTime = segment.lease;
  if (segment.lease !== Infinity) {
    options.renewalTime = Math.floor(segment.lease / 2); // RFC 2131 §4.4.5
    options.rebindingTime = Math.floor((segment.lease * 7) / 8);
  }
  const clientAddress = type === "ack" && request.clientAddress === address ? address : NOWHERE;
  return replyTo(request, options, { clientAddress, yourAddress: address }, bootFields(where, boot, options));
}

/** The answer to a machine that only wants to know: no address and no times (RFC 2131 §4.3.5). */
export function inform(where: Where, hostname: string | undefined, boot: Handover): Packet {
  const { request } = where;
  const options = configuration(where, "ack", hostname);
  return replyTo(request, options, { clientAddress: request.clientAddress, yourAddress: NOWHERE }, bootFields(where, boot, options));
}

/** What ProxyDHCP says: what to boot, and nothing of addresses. */
export function bootOnly(where: Where, type: "offer" | "ack", boot: Handover): Packet {
  const { request, segment } = where;
  const options: Draft = { messageType: type, serverId: segment.server };
  const clientAddress = type === "ack" ? request.clientAddress : NOWHERE;
  return replyTo(request, options, { clientAddress, yourAddress: NOWHERE }, bootFields(where, boot, options));
}

/** `message` is for whoever reads the client's log. */
export function refuse({ request, segment }: Where, message: string): Packet {
  const packet = replyTo(request, { messageType: "nak", serverId: serverIdFor(request, segment), message });
  // RFC 2131 §4.3.2: the relay must broadcast it, the client has no address it could trust.
  return { ...packet, broadcast: request.broadcast || request.relayAddress !== NOWHERE };
}

/** The answer to a client that would otherwise make up an address (RFC 2563 §3): there is none, and it shall not, unless it is described so. */
export function noAddress({ request, segment }: Where): Packet {
  const autoConfigure = segment.options.autoConfigure ?? DO_NOT;
  return replyTo(request, { messageType: "offer", serverId: serverIdFor(request, segment), autoConfigure });
}
const DO_NOT = 0; // RFC 2563 §2

type Addresses = Pick<Packet, "clientAddress" | "yourAddress">;
type BootFields = Pick<Packet, "serverAddress" | "serverName" | "bootFile">;
const NO_ADDRESSES: Addresses = { clientAddress: NOWHERE, yourAddress: NOWHERE };
const NO_BOOT: BootFields = { serverAddress: NOWHERE, serverName: "", bootFile: "" };

/** Says `options`, and repeats what a server must repeat. */
function replyTo(request: Packet, options: Draft, { clientAddress, yourAddress } = NO_ADDRESSES, boot = NO_BOOT): Packet {
  const { clientId, relayAgent, subnetSelection } = request.options;
  if (subnetSelection) options.subnetSelection = subnetSelection; // RFC 3011 §2
  if (clientId) options.clientId = clientId; // RFC 6842 §3
  if (relayAgent) options.relayAgent = relayAgent; // RFC 3046 §2.2
  return {
    op: "reply",
    hardwareType: request.hardwareType,
    hops: 0,
    transaction: request.transaction,
    seconds: 0,
    broadcast: request.broadcast,
    clientAddress,
    yourAddress,
    serverAddress: boot.serverAddress,
    relayAddress: request.relayAddress,
    mac: request.mac,
    serverName: boot.serverName,
    bootFile: boot.bootFile,
    options,
    oddities: NONE,
  };
}
const NONE: readonly string[] = [];

/** What names the boot file, in all the places that firmware looks for it: some know only the fields, some only the options. */
function bootFields({ request, segment: { server }, quirks }: Where, { bootFile, options: how }: Handover, options: Draft): BootFields {
  const { machineId } = request.options;
  if (machineId) options.machineId = machineId; // RFC 4578 §2.3
  if (!bootFile) return NO_BOOT;
  for (const name of OURS_ALONE) if (options[name] !== undefined) delete options[name];
  Object.assign(options, how);
  if (how.vendorClass === "HTTPClient" || asksFor(request, "bootFile")) options.bootFile = quirks.endsBootFile ? `${bootFile}\0` : bootFile;
  if (asksFor(request, "bootServer")) options.bootServer = server;
  return { serverAddress: server, serverName: server, bootFile };
}

/** A description may say these to others, but not to who boots: one path must not forget what another knows of the machine. */
const OURS_ALONE = ["vendorSpecific", "vendorClass", "bootServer", "bootFile"] as const;

export type Destination =
  | { readonly to: "relay" | "sender" | "everyone"; readonly address: Ipv4 }
  /** With `mac` it has the address only from this reply on and answers no ARP yet: who cannot send to the MAC itself must broadcast. */
  | { readonly to: "client"; readonly address: Ipv4; readonly mac?: Mac };

/** RFC 2131 §4.1. */
export function destination(reply: Packet): Destination {
  const { relayAddress, clientAddress, yourAddress, mac, options } = reply;
  const informed = clientAddress !== NOWHERE && yourAddress === NOWHERE && options.messageType === "ack";
  if (informed) return { to: "client", address: clientAddress }; // RFC 2131 §4.3.5: even through a relay
  if (relayAddress !== NOWHERE) return { to: "relay", address: relayAddress };
  if (clientAddress !== NOWHERE) return { to: "client", address: clientAddress };
  if (reply.broadcast || yourAddress === NOWHERE) return { to: "everyone", address: EVERYWHERE };
  return { to: "client", address: yourAddress, mac };
}

/** IP and UDP around a message, which option 57 counts too. */
const HEADERS = 28;
/** What a client takes that does not say (RFC 2131 §2), and the most that is sent: one frame. */
const TAKES = { least: 576, most: 1500 };

/** RFC 2131 §4.1, RFC 2132 §9.10. */
export function roomOf({ options: { maxMessageSize = TAKES.least } }: Packet): Room {
  return { least: LEAST, most: Math.min(Math.max(maxMessageSize, TAKES.least), TAKES.most) - HEADERS };
}

function configuration({ request, site, segment, quirks }: Where, type: MessageType, hostname: string | undefined): Draft {
  const own = site.machineOptions.get(request.mac);
  const options = asked(own ? over(segment.options, own) : segment.options, request);
  const { clientName } = request.options;
  if (hostname && asksFor(request, "hostname")) options.hostname = hostname;
  if (clientName) options.clientName = completedName(clientName, hostname, site.domain);
  for (const name of quirks.never ?? NEVER) if (options[name] !== undefined) delete options[name];
  if (quirks.repeats) repeat(quirks.repeats, segment.options, options);
  options.messageType = type;
  options.serverId = serverIdFor(request, segment);
  return options;
}

const NEVER: readonly OptionName[] = [];

function repeat({ option, as }: NonNullable<Change["repeats"]>, known: Options, said: Draft): void {
  const value = said[option] ?? known[option];
  if (value && !said.others?.has(as)) said.others = new Map([...(said.others ?? []), [as, value]]);
}

/** RFC 5107 §5: a relay may have the client speak to it instead of to us. */
export const serverIdFor = ({ options: { relayAgent } }: Packet, { server }: Pick<Segment, "server">): Ipv4 =>
  (relayAgent && addressIn(relayAgent, SERVER_OVERRIDE)) ?? server;

/**
 * What is said although nobody asks: the mask, which every client needs; and what boot loaders read from the replies that their firmware
 * got, whose list of questions is fixed: PXE's options (PXE 2.1 §2.2), TFTP servers (RFC 5859 §3), iPXE's and pxelinux's own (RFC 5071 §2).
 */
const UNASKED = new Set([1, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135, 150, 175, 208, 209, 210, 211]);

/** A client that says nothing of what it wants gets everything. */
const asksFor = ({ options: { wanted } }: Packet, name: OptionName): boolean => wanted?.includes(OPTIONS[name].code) ?? true;

function asked(known: Options, { options: { wanted } }: Packet): Draft {
  if (!wanted) return { ...known };
  const said: Partial<Record<keyof Options, unknown>> = {};
  for (const name in known) {
    if (name === "others") continue;
    const { code } = OPTIONS[name as OptionName];
    if (UNASKED.has(code) || wanted.includes(code)) said[name as OptionName] = known[name as OptionName];
  }
  if (known.others) said.others = new Map([...known.others].filter(([code]) => UNASKED.has(code) || wanted.includes(code)));
  return said as Draft;
}
