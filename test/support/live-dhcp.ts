/** A DHCP server that listens on loopback, and a client that stands where its relay would. */

import { decodePacket, encodePacket, type Packet } from "../../bootstrapper/dhcp/packet.ts";
import { type Dhcp, type DhcpSettings, startDhcp } from "../../bootstrapper/dhcp/service.ts";
import type { JournalEntry } from "../../bootstrapper/journal.ts";
import { openUdp, type UdpSocket } from "../../bootstrapper/wire/udp.ts";
import { ipv4, type Mac } from "../../cluster/address.ts";
import { install, message, NOON, onLoopback } from "./dhcp.ts";
import { type MemoryStore, memoryStore } from "./memory-store.ts";
import { type UdpProbe, udpProbe } from "./udp-probe.ts";

export const LOOPBACK = ipv4("127.0.0.1");

export interface LiveDhcp {
  readonly dhcp: Dhcp;
  readonly store: MemoryStore;
  readonly client: UdpProbe;
  readonly lines: Omit<JournalEntry, "at">[];
  readonly seen: Mac[];
  /** Where each reply would have gone. */
  readonly sentTo: string[];
  /** The ports in the order opened. */
  readonly opened: number[];
  clock: number;
  say(...args: Parameters<typeof message>): void;
  /** The next reply. */
  reply(): Promise<Packet>;
  /** Sends a message and waits for the reply of the same transaction, passing over others. */
  ask(...args: Parameters<typeof message>): Promise<Packet>;
  close(): Promise<void>;
}

/** Whatever the server sends, wherever to, arrives at the client's port on loopback. */
export async function liveDhcp(changes: Partial<DhcpSettings> & { readonly store?: MemoryStore } = {}): Promise<LiveDhcp> {
  const client = await udpProbe();
  const store = changes.store ?? memoryStore();
  const lines: Omit<JournalEntry, "at">[] = [];
  const seen: Mac[] = [];
  const sentTo: string[] = [];
  const opened: number[] = [];
  const { port } = client;
  const ports = { server: 0, client: port, relay: port, pxe: 0 };
  const openHere: typeof openUdp = async (options, onDatagram) => {
    const socket: UdpSocket = await openUdp(options, onDatagram);
    opened.push(socket.address().port);
    const send: UdpSocket["send"] = (bytes, to) => {
      sentTo.push(to.address);
      return socket.send(bytes, { ...to, address: LOOPBACK });
    };
    return { ...socket, send };
  };
  const live = { clock: NOON };
  const dhcp = await startDhcp({
    cluster: onLoopback(),
    server: LOOPBACK,
    nextBoot: () => install,
    onSeen: (mac) => void seen.push(mac),
    journal: (entry) => void lines.push(entry),
    now: () => live.clock,
    ports,
    open: openHere,
    ...changes,
    store,
  });
  const say: LiveDhcp["say"] = (...args) => client.send(encodePacket(message(...args)), dhcp.port);
  const reply: LiveDhcp["reply"] = async () => decodePacket((await client.next()).bytes);
  let transaction = 1000;
  let open = true;
  return Object.assign(live, {
    dhcp,
    store,
    client,
    lines,
    seen,
    sentTo,
    opened,
    say,
    reply,
    ask: async (...[type, options, header]: Parameters<typeof message>) => {
      transaction += 1;
      const mine = transaction;
      say(type, options, { transaction: mine, ...header });
      for (;;) {
        const packet = await reply();
        if (packet.transaction === (header?.transaction ?? mine)) return packet;
      }
    },
    close: async () => {
      await dhcp.close();
      if (open) client.close();
      open = false;
    },
  });
}
