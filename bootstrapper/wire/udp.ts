/** UDP sockets for every protocol: the only place that touches dgram, where what may not reach a decision is dropped and counted. */
import { createSocket, type Socket } from "node:dgram";
import type { Ipv4 } from "../../cluster/address.ts";

export interface UdpPeer {
  readonly address: Ipv4;
  readonly port: number;
}

export interface UdpOptions {
  /** Where to listen: one of our addresses, or 0.0.0.0, which alone also hears broadcasts. */
  readonly address: Ipv4;
  /** 0 takes a free one. */
  readonly port: number;
  /** Lets several sockets share the port (DHCP hears on one and speaks from another). */
  readonly reuse?: boolean;
  /** Permits sending to 255.255.255.255, which leaves on the interface that owns `address`. */
  readonly broadcast?: boolean;
  /** Bytes the kernel may hold for us; it grants no more than net.core.rmem_max. */
  readonly receiveBuffer?: number;
  /** A handler that failed, or a socket error the kernel reported later. Nothing more is done about either. */
  readonly onTrouble?: (error: Error) => void;
}

/** May throw or reject: that is counted and told to `onTrouble`, and the socket goes on. `bytes` belong to the handler. */
export type OnDatagram = (bytes: Uint8Array, from: UdpPeer) => void | Promise<void>;

export interface UdpSocket {
  /** Never rejects: resolves to why the datagram did not leave (no route, too long, closed), or to undefined when it did. */
  send(bytes: Uint8Array, to: UdpPeer): Promise<Error | undefined>;
  /** Frees the port. Harmless when repeated. */
  close(): Promise<void>;
  address(): UdpPeer;
  /** Bytes the kernel granted, of those asked for. */
  receiveBuffer(): number;
  counts(): Readonly<UdpCounts>;
}

export interface UdpCounts {
  received: number;
  /** From port 0: nobody can be answered there, and trying throws. */
  dropped: number;
  sent: number;
  unsent: number;
  /** Handlers that failed and errors the kernel reported. */
  troubles: number;
}

/** Says what could not be opened, where, and what to do about it. */
export class UdpError extends Error {
  override readonly name = "UdpError";
}

/** Throws UdpError when the address or port cannot be had. */
export async function openUdp(options: UdpOptions, onDatagram: OnDatagram): Promise<UdpSocket> {
  const { receiveBuffer, broadcast = false } = options;
  const socket = createSocket({ type: "udp4", reuseAddr: options.reuse ?? false, lookup: addressIsKnown });
  await bound(socket, options);
  socket.setBroadcast(broadcast);
  if (receiveBuffer !== undefined) socket.setRecvBufferSize(receiveBuffer);

  const counts: UdpCounts = { received: 0, dropped: 0, sent: 0, unsent: 0, troubles: 0 };
  const trouble = (error: unknown): void => {
    counts.troubles += 1;
    options.onTrouble?.(error instanceof Error ? error : new Error(String(error)));
  };
  socket.on("error", trouble);
  socket.on("message", (bytes, from) => {
    counts.received += 1;
    if (from.port === 0) {
      counts.dropped += 1;
      return;
    }
    try {
      onDatagram(bytes, { address: from.address as Ipv4, port: from.port })?.catch(trouble);
    } catch (error) {
      trouble(error);
    }
  });

  const send = (bytes: Uint8Array, to: UdpPeer): Promise<Error | undefined> =>
    new Promise((resolve) => {
      const settle = (error: Error | null | undefined): void => {
        counts[error ? "unsent" : "sent"] += 1;
        resolve(error ?? undefined);
      };
      try {
        socket.send(bytes, to.port, to.address, settle);
      } catch (error) {
        settle(error as Error); // a closed socket, port 0: dgram throws these
      }
    });

  const here = socket.address();
  const granted = socket.getRecvBufferSize();
  let closed: Promise<void> | undefined;
  return {
    send,
    close: () => (closed ??= new Promise((resolve) => socket.close(resolve))),
    address: () => ({ address: here.address as Ipv4, port: here.port }),
    // Linux reports twice what it grants: half is for its own bookkeeping (socket(7)).
    receiveBuffer: () => (process.platform === "linux" ? granted / 2 : granted),
    counts: () => counts,
  };
}

/** Peers are addresses, never names, so that sending cannot wait for a resolver. */
function addressIsKnown(host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, 4);
}

function bound(socket: Socket, { address, port }: UdpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      socket.close();
      reject(new UdpError(`cannot listen on ${address}:${port}/udp: ${wayOut(error, port)}`, { cause: error }));
    };
    socket.once("error", refused);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off("error", refused);
      resolve();
    });
  });
}

function wayOut({ code, message }: NodeJS.ErrnoException, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `another program has the port; find it with: ss -ulpn 'sport = :${port}'`;
    case "EADDRNOTAVAIL":
      return "no interface of this machine has that address; give it one, or correct the bootstrapper's address in cluster-desc.yml";
    case "EACCES":
      return "ports below 1024 need root or CAP_NET_BIND_SERVICE";
    default:
      return message;
  }
}
