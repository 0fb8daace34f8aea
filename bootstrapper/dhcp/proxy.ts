/** ProxyDHCP: where the site's own server gives the addresses, we only say what to boot. PXE 2.1 §2.2, §2.4.1. */
import { EVERYWHERE, NOWHERE } from "../../cluster/address.ts";
import { impropriety } from "./answer.ts";
import { bootOf } from "./booting.ts";
import { type Decision, ignore, type World } from "./decision.ts";
import { recognise } from "./firmware.ts";
import { locate } from "./locate.ts";
import type { Packet } from "./packet.ts";
import { quirksOf } from "./quirks.ts";
import { bootOnly, type Destination, roomOf } from "./reply.ts";

/** Where a packet was heard: broadcast on port 67, or sent to the boot server port 4011 by firmware that has its address. */
export type Heard = "dhcp" | "pxe";

/** UEFI takes no boot file from the offer: it comes again on 4011 and takes it from there. BIOS and iPXE take the offer's. */
export function answerProxy(request: Packet, heard: Heard, world: Pick<World, "site" | "nextBoot" | "hasFile" | "heardOn">): Decision {
  const { site } = world;
  const { messageType, serverId } = request.options;
  const improper = impropriety(request, site, world.heardOn);
  if (improper) return ignore(improper);
  if (messageType !== (heard === "dhcp" ? "discover" : "request")) return ignore("the site's own DHCP server answers it");
  if (heard === "pxe" && serverId !== undefined && !site.servers.has(serverId)) return ignore(`it asks ${serverId} what to boot`);
  const quirks = quirksOf(request);
  if (quirks.ignored) return ignore(quirks.ignored);
  if (recognise(request.options, false, quirks).stage === "system")
    return ignore("it wants only an address, and the site's own DHCP server gives those");

  const segment = locate(request, site, world.heardOn);
  if (typeof segment === "string") return ignore(segment);
  const boot = bootOf({ ...world, request, segment, quirks });
  if (!boot.handover.bootFile) return { ...ignore(`there is nothing for it to boot${boot.because}`), ...boot.level };
  // iPXE's no-proxy option would make it throw away this very offer.
  const { ipxe: _, ...options } = boot.handover.options;
  const handover = { ...boot.handover, options: { vendorClass: "PXEClient", ...options } };
  const packet = bootOnly({ request, site, segment, quirks }, heard === "dhcp" ? "offer" : "ack", handover);
  return { do: "reply", packet, to: whereTo(request, heard), room: roomOf(request), because: `it asks what to boot${boot.because}` };
}

function whereTo({ relayAddress, clientAddress }: Packet, heard: Heard): Destination {
  if (heard === "pxe") return { to: "sender", address: clientAddress };
  return relayAddress === NOWHERE ? { to: "everyone", address: EVERYWHERE } : { to: "relay", address: relayAddress };
}
