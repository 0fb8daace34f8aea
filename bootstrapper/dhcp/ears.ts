/** The sockets of the DHCP server: one that hears broadcasts, one that speaks from our own address, one for ProxyDHCP's port. */
import { type Ipv4, NOWHERE } from "../../cluster/address.ts";
import type { openUdp, UdpOptions, UdpPeer, UdpSocket } from "../wire/udp.ts";
import type { Heard } from "./proxy.ts";

export interface Ears {
  /** Where it listens: what was asked for, or the free port that was found. */
  readonly port: number;
  /** Bytes that the kernel grants for packets that wait for us. */
  readonly receiveBuffer: number;
  /** From the port a packet was heard on. Resolves to why it did not leave, if it did not. */
  send(heard: Heard, bytes: Uint8Array, to: UdpPeer): Promise<Error | undefined>;
  close(): Promise<void>;
}

/** A rack that is powered on at once asks within one second: 4096 packets of 1 KiB, as the kernel counts them. */
export const RECEIVE_BUFFER = 4 << 20;

type Hear = (bytes: Uint8Array, from: UdpPeer, heard: Heard) => Promise<void> | undefined;

/** Throws UdpError when a port cannot be had, also when another DHCP server would share it with us. */
export async function openEars(
  open: typeof openUdp,
  server: Ipv4,
  ports: { readonly server: number; readonly pxe?: number },
  hear: Hear,
  onTrouble: (error: Error) => void,
): Promise<Ears> {
  const opened: UdpSocket[] = [];
  const listen = async (options: Omit<UdpOptions, "onTrouble">, heard: Heard): Promise<UdpSocket> => {
    const socket = await open({ ...options, onTrouble }, (bytes, from) => hear(bytes, from, heard));
    opened.push(socket);
    return socket;
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((socket) => socket.close()));
  };
  try {
    // Sockets that may share a port would share it with a stranger's as well: first see that nobody has it.
    await (await open({ address: NOWHERE, port: ports.server }, () => {})).close();
    // Only a socket bound to no address hears broadcasts; only one bound to ours sends them out where our machines are,
    // from the address that option 54 names. The second also gets what is sent to our address itself: renewals.
    const wide = await listen({ address: NOWHERE, port: ports.server, reuse: true, receiveBuffer: RECEIVE_BUFFER }, "dhcp");
    const { port } = wide.address();
    const own = await listen({ address: server, port, reuse: true, broadcast: true }, "dhcp");
    const pxe = ports.pxe === undefined ? own : await listen({ address: server, port: ports.pxe }, "pxe");
    return {
      port,
      receiveBuffer: wide.receiveBuffer(),
      send: (heard, bytes, to) => (heard === "pxe" ? pxe : own).send(bytes, to),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
