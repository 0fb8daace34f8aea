/** What the journal says about a packet: subject first, reason last. */
import { cidr, contains } from "../../cluster/address.ts";
import type { JournalEntry } from "../journal.ts";
import type { WireError } from "../wire/error.ts";
import type { UdpPeer } from "../wire/udp.ts";
import type { Decision } from "./answer.ts";
import type { Packet } from "./packet.ts";
import type { Site } from "./site.ts";

type Line = Omit<JournalEntry, "at">;

/** `failed` says why a decision could not be carried out. */
export function describe(request: Packet, decision: Decision, failed: string | undefined): Line {
  const about = request.options.messageType ?? "a message without a type";
  const oddities = request.oddities.length > 0 ? `; not understood: ${request.oddities.join(", ")}` : "";
  const level = failed ? "warning" : (decision.level ?? "info");
  const line = (what: string): Line => ({
    from: "dhcp",
    mac: request.mac,
    level,
    text: `${what}: ${failed ?? decision.because}${oddities}`,
  });
  if (failed || decision.do === "ignore") return line(`no answer to ${about}`);
  const { options, yourAddress, clientAddress, bootFile } = decision.packet;
  const address = options.messageType === "nak" ? (request.options.requestedAddress ?? request.clientAddress) : yourAddress;
  const subject = address === "0.0.0.0" ? clientAddress : address;
  return line([options.messageType, subject === "0.0.0.0" ? "" : subject, bootFile].filter(Boolean).join(" "));
}

export function describeJunk(from: UdpPeer, error: WireError): Line {
  return { from: "dhcp", level: "info", text: `no answer to bytes from ${from.address}: ${error.message}` };
}

/** The first line after the start. */
export function greeting({ segments, addresses }: Site, proxy: boolean): string {
  if (proxy) {
    const where = segments.map(({ subnet, server }) => `${cidr(subnet)} from ${server}`).join(", ");
    return `telling machines in ${where} what to boot; their addresses come from the site's own DHCP server`;
  }
  const served = segments.map(({ subnet, server, index }) => {
    const ranges = addresses.pools[index]!.ranges.map(({ first, last }) => `${first}-${last}`).join(", ");
    const reservations = [...addresses.reservations.values()].filter((address) => contains(subnet, address)).length;
    return `${cidr(subnet)} from ${server}: ${reservations} reservations, ${ranges ? `${ranges} for others` : "nothing for others"}`;
  });
  return `serving ${served.join("; ")}`;
}
