/** Keeps watch for other DHCP servers while we give the addresses, and tells the operator of each. */
import { randomBytes } from "node:crypto";
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { openUdp } from "../wire/udp.ts";
import type { LinkLayers } from "./below-udp.ts";
import { described, ForeignServers, warning } from "./foreign.ts";
import type { Link } from "./links.ts";
import type { Probes } from "./probes.ts";
import { openSearch } from "./search.ts";

export interface Rivals {
  /** A machine spoke of this server, or this server spoke. */
  note(server: Ipv4, device: string | undefined): void;
  /** Whether a packet is our own search. */
  isOurSearch(mac: Mac): boolean;
  /** Watches these; none while another server is welcome. Throws UdpError. */
  watch(links: readonly Link[]): Promise<void>;
  /** Continues the health line; empty when there are none. */
  health(): string;
  close(): Promise<void>;
}

export interface RivalsSettings {
  readonly open: typeof openUdp;
  readonly ports: { readonly server: number; readonly client: number };
  readonly layers: LinkLayers;
  readonly probes: Probes | undefined;
  isOurs(address: Ipv4): boolean;
  warn(text: string): void;
  now(): number;
  /** Milliseconds before the first search and between two; see search.ts. */
  readonly first?: number;
  readonly every?: number;
}

export function openRivals(settings: RivalsSettings): Rivals {
  const { layers, probes, isOurs, warn, now } = settings;
  const foreign = new ForeignServers();
  let watching = false;

  async function note(server: Ipv4, device: string | undefined): Promise<void> {
    if (!watching || isOurs(server) || !foreign.note(server, device, now())) return;
    const link = layers.of(device);
    const answered = link && (await probes?.ask(server, link));
    const known = (answered?.mac && foreign.learn(server, answered.mac)) ?? foreign.find(server);
    if (known) warn(warning(known));
  }
  const search = openSearch({
    ...settings,
    found: (server, device) => void note(server, device),
    random: () => randomBytes(4).readUInt32BE(),
  });

  return {
    note: (server, device) => void note(server, device),
    isOurSearch: (mac) => mac === search.mac,
    watch: async (links) => {
      watching = links.length > 0;
      await search.move(links.flatMap(({ device }) => (device === undefined || device === "lo" ? [] : [device])));
    },
    health: () => {
      const present = watching ? foreign.present(now()).map(described) : [];
      return present.length > 0 ? `; another DHCP server answers too: ${present.join(", ")}` : "";
    },
    close: search.close,
  };
}
