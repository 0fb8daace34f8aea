/** In which subnet a client is: what its relay says, else where it was heard. RFC 2131 §4.3.1, RFC 3527, RFC 3011. */
import { broadcast, contains, type Ipv4, NOWHERE, type Subnet } from "../../cluster/address.ts";
import type { Packet } from "./packet.ts";
import { addressIn, LINK_SELECTION } from "./relay-agent.ts";
import { type Segment, type Site, segmentWith } from "./site.ts";

/** The segment, or in words why there is none. `heardOn`: our own address on the interface where the packet was heard. */
export function locate({ relayAddress, clientAddress, options }: Packet, site: Site, heardOn: Ipv4 = site.server): Segment | string {
  if (relayAddress !== NOWHERE && site.servers.has(relayAddress)) return `its relay says that it is us, ${relayAddress}`;
  const linkSelection = addressIn(options.relayAgent, LINK_SELECTION);
  if (linkSelection && relayAddress !== NOWHERE)
    return segmentWith(site, linkSelection) ?? `its relay says that it is in the network of ${linkSelection}, ${STRANGE}`;
  const { subnetSelection } = options;
  if (subnetSelection) return segmentWith(site, subnetSelection) ?? `it wants an address in the network of ${subnetSelection}, ${STRANGE}`;
  if (relayAddress !== NOWHERE) {
    const segment = segmentWith(site, relayAddress);
    return segment && isHost(segment.subnet, relayAddress) ? segment : `its relay, ${relayAddress}, is in a network ${STRANGE}`;
  }
  // Who has an address speaks from it, wherever the road to us ends: a renewal from behind a router comes without a relay.
  const from = clientAddress !== NOWHERE && options.messageType !== "discover" ? segmentWith(site, clientAddress) : undefined;
  return from ?? segmentWith(site, heardOn) ?? `it was heard on ${heardOn}, in a network ${STRANGE}`;
}

const STRANGE = "which the description does not have";

export const isHost = (subnet: Subnet, address: Ipv4): boolean =>
  contains(subnet, address) && address !== subnet.base && address !== broadcast(subnet);
