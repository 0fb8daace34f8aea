/**
 * Looks for other DHCP servers: now and then a DISCOVER from a machine that does not exist, with the broadcast flag, and an ear for what is
 * broadcast to clients. Sockets bound to the broadcast address itself take nothing away from a DHCP client of this host.
 */
import { EVERYWHERE, type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import type { openUdp, UdpPeer, UdpSocket } from "../wire/udp.ts";
import { decodePacket, encodePacket, type Packet } from "./packet.ts";

export interface Search {
  /** The machine that does not exist: nobody needs to answer it, least of all we. */
  readonly mac: Mac;
  /** Listens and asks on these interfaces from now on. */
  move(devices: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface SearchSettings {
  readonly open: typeof openUdp;
  readonly ports: { readonly server: number; readonly client: number };
  /** Our own, which are not foreign. */
  isOurs(address: Ipv4): boolean;
  found(address: Ipv4, device: string): void;
  /** 32 random bits. */
  random(): number;
  /** Milliseconds between two DISCOVERs on an interface, and before the first. */
  readonly every?: number;
  readonly first?: number;
}

const EVERY = 300_000;
const FIRST = 2000;

export function openSearch({ open, ports, isOurs, found, random, every = EVERY, first = FIRST }: SearchSettings): Search {
  // Locally administered, and one for all our life: a foreign server sets aside one address at most.
  const mac = `02:53:58:${random().toString(16).padStart(8, "0").slice(0, 6).match(/../g)!.join(":")}` as Mac;
  const sockets = new Map<string, UdpSocket>();

  function hear(bytes: Uint8Array, from: UdpPeer, device: string): void {
    if (isOurs(from.address) || bytes[0] !== 2) return; // our own broadcasts, which come back to us; a client's own request
    const { serverId } = understood(bytes)?.options ?? {};
    if (serverId !== undefined && !isOurs(serverId)) found(serverId, device);
  }
  function ask(): void {
    const bytes = encodePacket(discover(mac, random()));
    for (const socket of sockets.values()) socket.post(bytes, { address: EVERYWHERE, port: ports.server });
  }
  let regular: NodeJS.Timeout | undefined;
  const soon = setTimeout(() => {
    ask();
    regular = setInterval(ask, every).unref();
  }, first).unref();

  return {
    mac,
    move: async (devices) => {
      const superfluous = [...sockets].filter(([device]) => !devices.includes(device));
      for (const [device] of superfluous) sockets.delete(device);
      await Promise.all(superfluous.map(([, socket]) => socket.close()));
      for (const device of devices.filter((device) => !sockets.has(device))) {
        const options = { address: EVERYWHERE, port: ports.client, reuse: true, broadcast: true, device };
        sockets.set(device, await open(options, (bytes, from) => hear(bytes, from, device)));
      }
    },
    close: async () => {
      clearTimeout(soon);
      clearInterval(regular);
      await Promise.all([...sockets.values()].map((socket) => socket.close()));
    },
  };
}

function understood(bytes: Uint8Array): Packet | undefined {
  try {
    return decodePacket(bytes);
  } catch {
    return undefined; // some other server's to explain
  }
}

const discover = (mac: Mac, transaction: number): Packet => ({
  op: "request",
  hardwareType: 1,
  hops: 0,
  transaction,
  seconds: 0,
  broadcast: true,
  clientAddress: NOWHERE,
  yourAddress: NOWHERE,
  serverAddress: NOWHERE,
  relayAddress: NOWHERE,
  mac,
  serverName: "",
  bootFile: "",
  options: { messageType: "discover" },
  oddities: [],
});
