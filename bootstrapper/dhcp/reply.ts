/** The packets a server sends, and where to. RFC 2131 §4.1 and table 3. */
import { EVERYWHERE, type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import type { Handover } from "./firmware.ts";
import { OPTIONS, type OptionName, type Options } from "./options.ts";
import type { Packet, Room } from "./packet.ts";
import { nameOf, type Site } from "./site.ts";

/** `address` is yiaddr. */
export function grant(request: Packet, type: "offer" | "ack", address: Ipv4, site: Site, boot: Handover): Packet {
  return {
    ...configuration(request, site, boot, { messageType: type, ...times(site.lease) }),
    clientAddress: type === "ack" && request.clientAddress === address ? address : NOWHERE,
    yourAddress: address,
  };
}

/** The answer to a machine that only wants to know: no address and no times (RFC 2131 §4.3.5). */
export function inform(request: Packet, site: Site, boot: Handover): Packet {
  return { ...configuration(request, site, boot, { messageType: "ack" }), clientAddress: request.clientAddress };
}

/** `message` is for whoever reads the client's log. */
export function refuse(request: Packet, server: Ipv4, message: string): Packet {
  return {
    ...blank(request, { messageType: "nak", serverId: server, message }),
    // RFC 2131 §4.3.2: the relay must broadcast it, the client has no address it could trust.
    broadcast: request.broadcast || request.relayAddress !== NOWHERE,
  };
}

/** A reply that repeats what a server must repeat, and says nothing else. */
export function blank(request: Packet, options: Options): Packet {
  const { clientId, relayAgent } = request.options;
  return {
    ...request,
    op: "reply",
    hops: 0,
    seconds: 0,
    clientAddress: NOWHERE,
    yourAddress: NOWHERE,
    serverAddress: NOWHERE,
    serverName: "",
    bootFile: "",
    options: {
      ...options,
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

/** RFC 2131 §4.1. A client without an address hears nothing but broadcasts from a socket that cannot set its ARP entry. */
export function destination(reply: Packet): Destination {
  const { relayAddress, clientAddress, options } = reply;
  const informed = clientAddress !== NOWHERE && reply.yourAddress === NOWHERE && options.messageType === "ack";
  if (informed) return { to: "client", address: clientAddress }; // RFC 2131 §4.3.5: even through a relay
  if (relayAddress !== NOWHERE) return { to: "relay", address: relayAddress };
  const unicast = options.messageType === "ack" && clientAddress !== NOWHERE;
  return unicast ? { to: "client", address: clientAddress } : { to: "everyone", address: EVERYWHERE };
}

/** RFC 2131 §4.1: a client that does not say how much it takes, takes 576 bytes, with 28 of IP and UDP. */
export const roomOf = (_request: Packet): Room => ({ least: 300, most: 1472 });

function configuration(request: Packet, site: Site, boot: Handover, first: Options): Packet {
  const fields = bootFields(request, site.server, boot);
  const hostname = nameOf(site, request.mac);
  const known: Options = { ...site.options, ...(hostname && { hostname }) };
  const asked = Object.entries(known).filter(([name]) => name === "subnetMask" || asksFor(request, name as OptionName));
  const options: Options = { ...first, serverId: site.server, ...(Object.fromEntries(asked) as Options), ...fields.options };
  return { ...blank(request, options), serverAddress: fields.serverAddress, serverName: fields.serverName, bootFile: fields.bootFile };
}

/** A client that says nothing of what it wants gets everything. */
const asksFor = ({ options: { wanted } }: Packet, name: OptionName): boolean => wanted?.includes(OPTIONS[name].code) ?? true;

/** RFC 2131 §4.4.5: renew at half of the lease, ask anybody at seven eighths. */
function times(lease: number): Options {
  if (!Number.isFinite(lease)) return { leaseTime: lease };
  return { leaseTime: lease, renewalTime: Math.floor(lease / 2), rebindingTime: Math.floor((lease * 7) / 8) };
}
