/**
 * The sockets of the DHCP server. Only a socket bound to no address hears broadcasts, so there is one for each interface; only one bound to
 * an address of ours speaks from it, as option 54 says it does, and hears what relays and renewing machines send to it.
 */
import { type Ipv4, NOWHERE } from "../../cluster/address.ts";
import type { openUdp, UdpOptions, UdpPeer, UdpSocket } from "../wire/udp.ts";
import type { Links } from "./links.ts";
import type { Heard } from "./proxy.ts";

/** How a packet came to us. */
export interface Way {
  readonly heard: Heard;
  /** Ours on the interface where it was heard, or the one that it was sent to. */
  readonly on: Ipv4;
  /** The interface that it was broadcast on; absent when it was sent to our address, or when the system does not say. */
  readonly device?: string;
}

export interface Posts extends Links {
  /** Whether ProxyDHCP's second port is served. */
  readonly proxy: boolean;
}

export interface Ears {
  /** Where it listens: what was asked for, or the free port that was found. */
  readonly port: number;
  /** Bytes that the kernel grants for packets that wait for us, on the socket that has least. */
  receiveBuffer(): number;
  /** Resolves to why it did not leave, if it did not. */
  send(bytes: Uint8Array, from: Ipv4, heard: Heard, to: UdpPeer): Promise<Error | undefined>;
  /** Opens what is new, then closes what is no longer wanted; what stays is not touched. Throws UdpError with all as it was. */
  move(wanted: Posts): Promise<void>;
  close(): Promise<void>;
}

/** A rack that is powered on at once asks within one second: 4096 packets of 1 KiB, as the kernel counts them. */
export const RECEIVE_BUFFER = 4 << 20;

type Hear = (bytes: Uint8Array, from: UdpPeer, way: Way) => void;
/** One socket that is wanted, known by what it is for. */
interface Wanted {
  readonly key: string;
  readonly way: Way;
  readonly options: Omit<UdpOptions, "onTrouble" | "port">;
}

/** Throws UdpError when a port cannot be had, also when another DHCP server would share it with us. */
export async function openEars(
  open: typeof openUdp,
  first: Posts,
  ports: { readonly server: number; readonly pxe: number },
  hear: Hear,
  onTrouble: (error: Error) => void,
): Promise<Ears> {
  let server = ports.server;
  let sockets = new Map<string, UdpSocket>();

  const listen = async ({ way, options }: Wanted): Promise<UdpSocket> => {
    const port = way.heard === "pxe" ? ports.pxe : server;
    const socket = await open({ ...options, port, onTrouble }, (bytes, from) => hear(bytes, from, way));
    if (server === 0) server = socket.address().port;
    return socket;
  };

  async function move(wanted: Posts): Promise<void> {
    const next = new Map<string, UdpSocket>();
    const opened: UdpSocket[] = [];
    try {
      for (const one of wantedFor(wanted)) {
        const known = sockets.get(one.key);
        const socket = known ?? (await listen(one));
        if (!known) opened.push(socket);
        next.set(one.key, socket);
      }
    } catch (error) {
      await Promise.all(opened.map((socket) => socket.close()));
      throw error;
    }
    const superfluous = [...sockets].filter(([key]) => !next.has(key));
    sockets = next;
    await Promise.all(superfluous.map(([, socket]) => socket.close()));
  }

  // Sockets that may share a port would share it with a stranger's as well: first see that nobody has it.
  for (const { device } of first.links) {
    await (await open({ address: NOWHERE, port: server, ...(device !== undefined && { device }) }, () => {})).close();
  }
  await move(first);
  return {
    port: server,
    receiveBuffer: () => Math.min(...[...sockets.values()].map((socket) => socket.receiveBuffer())),
    send: (bytes, from, heard, to) => {
      const socket = sockets.get(`${heard} ${from}`) ?? sockets.get(`dhcp ${from}`);
      return socket ? socket.send(bytes, to) : Promise.resolve(new Error(`${from} is no longer ours`));
    },
    move,
    close: async () => {
      await Promise.all([...sockets.values()].map((socket) => socket.close()));
    },
  };
}

function wantedFor({ links, addresses, proxy }: Posts): readonly Wanted[] {
  const receiveBuffer = RECEIVE_BUFFER;
  const wide = links.map(({ device, address }): Wanted => {
    const only = device === undefined ? {} : { device };
    return {
      key: `broadcasts ${device} ${address}`,
      way: { heard: "dhcp", on: address, ...only },
      options: { address: NOWHERE, reuse: true, receiveBuffer, ...only },
    };
  });
  const own = addresses.map(
    (address): Wanted => ({
      key: `dhcp ${address}`,
      way: { heard: "dhcp", on: address },
      options: { address, reuse: true, broadcast: true, receiveBuffer },
    }),
  );
  const pxe = addresses.map(
    (address): Wanted => ({ key: `pxe ${address}`, way: { heard: "pxe", on: address }, options: { address, receiveBuffer } }),
  );
  return [...wide, ...own, ...(proxy ? pxe : [])];
}
