/** The packets a server sends, and where to. RFC 2131 §4.1 and table 3. */
import { EVERYWHERE, type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import { completedName } from "./client-name.ts";
import type { Situated } from "./decision.ts";
import { over } from "./described.ts";
import type { Handover } from "./firmware.ts";
import { OPTIONS, type OptionName, type Options } from "./options.ts";
import { LEAST, type Packet, type Room } from "./packet.ts";
import { addressIn, SERVER_OVERRIDE } from "./relay-agent.ts";
import type { Segment } from "./site.ts";

type Where = Pick<Situated, "request" | "site" | "segment">;

/** `address` is yiaddr. */
export function grant(where: Where, type: "offer" | "ack", address: Ipv4, hostname: string | undefined, boot: Handover): Packet {
  const { request, segment } = where;
  return {
    ...configuration(where, hostname, boot, { messageType: type, ...times(segment.lease) }),
    clientAddress: type === "ack" && request.clientAddress === address ? address : NOWHERE,
    yourAddress: address,
  };
}

/** The answer to a machine that only wants to know: no address and no times (RFC 2131 §4.3.5). */
export function inform(where: Where, hostname: string | undefined, boot: Handover): Packet {
  return { ...configuration(where, hostname, boot, { messageType: "ack" }), clientAddress: where.request.clientAddress };
}

/** `message` is for whoever reads the client's log. */
export function refuse({ request, segment }: Where, message: string): Packet {
  return {
    ...blank(request, { messageType: "nak", serverId: serverIdFor(request, segment), message }),
    // RFC 2131 §4.3.2: the relay must broadcast it, the client has no address it could trust.
    broadcast: request.broadcast || request.relayAddress !== NOWHERE,
  };
}

/** The answer to a client that would otherwise make up an address (RFC 2563 §3): there is none, and it shall not. */
export function noAddress({ request, segment }: Where): Packet {
  return blank(request, { messageType: "offer", serverId: serverIdFor(request, segment), autoConfigure: DO_NOT });
}
const DO_NOT = 0; // RFC 2563 §2

/** A reply that repeats what a server must repeat, and says nothing else. */
export function blank(request: Packet, options: Options): Packet {
  const { clientId, relayAgent, subnetSelection } = request.options;
  return {
    op: "reply",
    hardwareType: request.hardwareType,
    hops: 0,
    transaction: request.transaction,
    seconds: 0,
    broadcast: request.broadcast,
    clientAddress: NOWHERE,
    yourAddress: NOWHERE,
    serverAddress: NOWHERE,
    relayAddress: request.relayAddress,
    mac: request.mac,
    serverName: "",
    bootFile: "",
    options: {
      ...options,
      ...(subnetSelection && { subnetSelection }), // RFC 3011 §2
      ...(clientId && { clientId }), // RFC 6842 §3
      ...(relayAgent && { relayAgent }), // RFC 3046 §2.2
    },
    oddities: [],
  };
}

/** What names the boot file, in all the places that firmware looks for it: some know only the fields, some only the options. */
export function bootFields(
  request: Packet,
  server: Ipv4,
  { bootFile, options: how }: Handover,
): Pick<Packet, "serverAddress" | "serverName" | "bootFile" | "options"> {
  const { machineId } = request.options;
  const options: Options = { ...how, ...(machineId && { machineId }) }; // RFC 4578 §2.3
  if (!bootFile) return { serverAddress: NOWHERE, serverName: "", bootFile: "", options };
  const inOptions = options.vendorClass === "HTTPClient" || asksFor(request, "bootFile");
  return {
    serverAddress: server,
    serverName: server,
    bootFile,
    options: { ...options, ...(inOptions && { bootFile }), ...(asksFor(request, "bootServer") && { bootServer: server }) },
  };
}

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

function configuration({ request, site, segment }: Where, hostname: string | undefined, boot: Handover, first: Options): Packet {
  const fields = bootFields(request, segment.server, boot);
  const own = site.machineOptions.get(request.mac);
  const { clientName } = request.options;
  const options: Options = {
    ...asked(own ? over(segment.options, own) : segment.options, request),
    ...(hostname && asksFor(request, "hostname") && { hostname }),
    ...(clientName && { clientName: completedName(clientName, hostname, site.domain) }),
    ...first,
    serverId: serverIdFor(request, segment),
    ...fields.options,
  };
  return { ...blank(request, options), serverAddress: fields.serverAddress, serverName: fields.serverName, bootFile: fields.bootFile };
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

function asked(known: Options, request: Packet): Options {
  const { wanted } = request.options;
  if (!wanted) return known;
  const said: Record<string, unknown> = {};
  for (const name of Object.keys(known) as (OptionName | "others")[]) {
    if (name === "others") continue;
    const { code } = OPTIONS[name];
    if (UNASKED.has(code) || wanted.includes(code)) said[name] = known[name];
  }
  if (known.others) said["others"] = new Map([...known.others].filter(([code]) => UNASKED.has(code) || wanted.includes(code)));
  return said as Options;
}

/** RFC 2131 §4.4.5: renew at half of the lease, ask anybody at seven eighths. */
function times(lease: number): Options {
  if (lease === Infinity) return { leaseTime: lease };
  return { leaseTime: lease, renewalTime: Math.floor(lease / 2), rebindingTime: Math.floor((lease * 7) / 8) };
}
