/** UDP sockets for every protocol: the only place that touches dgram, where what may not reach a decision is dropped and counted. */
import { createSocket, type Socket } from "node:dgram";
import type { Ipv4 } from "../../cluster/address.ts";
import { type Kernel, kernel as ours } from "./kernel.ts";
import { drain, flush, impossible, keepToItself, makeSocket, type Outgoing } from "./native-udp.ts";

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
  /** Bytes the kernel may hold for us; without CAP_NET_ADMIN it grants no more than net.core.rmem_max. */
  readonly receiveBuffer?: number;
  /** Hear and speak on this interface alone. Only where `kernel` is to be had. */
  readonly device?: string;
  /** Only the datagram that wakes us is handed on; whoever has the `descriptor` hears those that came with it. */
  readonly wakesOnly?: boolean;
  /** A handler that failed, or a socket error the kernel reported later. Nothing more is done about either. */
  readonly onTrouble?: (error: Error) => void;
}

/** May throw or reject: that is counted and told to `onTrouble`, and the socket goes on. `bytes` belong to the handler. */
export type OnDatagram = (bytes: Uint8Array, from: UdpPeer) => void | Promise<void>;

export interface UdpSocket {
  /** Never rejects: resolves to why the datagram did not leave (no route, too long, closed), or to undefined when it did. */
  send(bytes: Uint8Array, to: UdpPeer): Promise<Error | undefined>;
  /** Sends without a word about it but in `counts`. `bytes` must not change before the next turn of the event loop. */
  post(bytes: Uint8Array, to: UdpPeer): void;
  /** Frees the port. Harmless when repeated. */
  close(): Promise<void>;
  address(): UdpPeer;
  /** Bytes the kernel granted, of those asked for. */
  receiveBuffer(): number;
  /** For calls that `kernel` has beyond these; undefined without it, and once closed. */
  descriptor(): number | undefined;
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

/** Throws UdpError when the address or port cannot be had. `kernel` is for tests that want to go without. */
export async function openUdp(options: UdpOptions, onDatagram: OnDatagram, kernel: Kernel | undefined = ours): Promise<UdpSocket> {
  if (options.device !== undefined && !kernel)
    throw new UdpError(`cannot listen on ${options.device} alone: this system has no call for it`);
  const { socket, fd } = await bound(options, kernel);
  const native = kernel && fd !== undefined ? { kernel, fd } : undefined;
  let closed: Promise<void> | undefined;

  const counts: UdpCounts = { received: 0, dropped: 0, sent: 0, unsent: 0, troubles: 0 };
  const trouble = (error: unknown): void => {
    counts.troubles += 1;
    options.onTrouble?.(error instanceof Error ? error : new Error(String(error)));
  };
  const hear = (bytes: Uint8Array, from: UdpPeer): boolean => {
    counts.received += 1;
    if (from.port === 0) counts.dropped += 1;
    else {
      try {
        onDatagram(bytes, from)?.catch(trouble);
      } catch (error) {
        trouble(error);
      }
    }
    return closed === undefined;
  };
  socket.on("error", trouble);
  socket.on("message", (bytes, from) => {
    // One datagram wakes us, and those that came with it are fetched in one call.
    if (hear(bytes, { address: from.address as Ipv4, port: from.port }) && native && !options.wakesOnly)
      drain(native.kernel, native.fd, hear);
    flushNow();
  });

  let outgoing: Outgoing[] = [];
  function flushNow(): void {
    if (outgoing.length === 0 || !native) return;
    const batch = outgoing;
    outgoing = [];
    flush(native.kernel, native.fd, batch, sendOne);
  }
  function sendOne({ bytes, to, settle }: Outgoing): void {
    try {
      socket.send(bytes, to.port, to.address, (error) => settle(error ?? undefined));
    } catch (error) {
      settle(error as Error); // a closed socket, port 0: dgram throws these
    }
  }
  function enqueue(datagram: Outgoing): void {
    const error = closed ? new Error("the socket is closed") : impossible(datagram.bytes, datagram.to);
    if (error) datagram.settle(error);
    else if (!native) sendOne(datagram);
    else if (outgoing.push(datagram) === 1) queueMicrotask(flushNow);
  }
  const counted = (error: Error | undefined): void => {
    counts[error ? "unsent" : "sent"] += 1;
  };

  const here = socket.address();
  const granted = socket.getRecvBufferSize();
  return {
    post: (bytes, to) => enqueue({ bytes, to, settle: counted }),
    send: (bytes, to) =>
      new Promise((resolve) => {
        const settle = (error: Error | undefined): void => {
          counted(error);
          resolve(error);
        };
        enqueue({ bytes, to, settle });
      }),
    close: () => {
      flushNow();
      closed ??= new Promise((resolve) => socket.close(resolve));
      return closed;
    },
    address: () => ({ address: here.address as Ipv4, port: here.port }),
    // Linux reports twice what it grants: half is for its own bookkeeping (socket(7)).
    receiveBuffer: () => (process.platform === "linux" ? granted / 2 : granted),
    descriptor: () => (closed ? undefined : fd),
    counts: () => counts,
  };
}

/** Peers are addresses, never names, so that sending cannot wait for a resolver. */
function addressIsKnown(host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, 4);
}

interface Bound {
  readonly socket: Socket;
  /** Only of a socket that was made by the kernel's own calls; the Socket closes it. */
  readonly fd?: number;
}

async function bound(options: UdpOptions, kernel: Kernel | undefined): Promise<Bound> {
  const { address, port, reuse = false, broadcast = false, receiveBuffer } = options;
  const socket = createSocket({ type: "udp4", reuseAddr: reuse, lookup: addressIsKnown });
  try {
    if (kernel) {
      const fd = makeSocket(kernel, options);
      await listening(socket, () => socket.bind({ fd }));
      if (!reuse) keepToItself(kernel, fd);
      return { socket, fd };
    }
    await listening(socket, () => socket.bind({ address, port, exclusive: true }));
    socket.setBroadcast(broadcast);
    if (receiveBuffer !== undefined) socket.setRecvBufferSize(receiveBuffer);
    return { socket };
  } catch (error) {
    socket.close();
    throw new UdpError(`cannot listen on ${address}:${port}/udp: ${wayOut(error as NodeJS.ErrnoException, options)}`, { cause: error });
  }
}

function listening(socket: Socket, bind: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("listening", () => {
      socket.off("error", reject);
      resolve();
    });
    bind();
  });
}

function wayOut({ code, message }: NodeJS.ErrnoException, { port, device }: UdpOptions): string {
  switch (code) {
    case "EADDRINUSE":
      return `another program has the port; find it with: ss -ulpn 'sport = :${port}'`;
    case "EADDRNOTAVAIL":
      return "no interface of this machine has that address; give it one, or correct the bootstrapper's address in cluster-desc.yml";
    case "ENODEV":
      return `there is no interface ${device}; ip link shows their names`;
    case "EPERM":
      return "hearing one interface alone needs root or CAP_NET_RAW";
    case "EACCES":
      return "ports below 1024 need root or CAP_NET_BIND_SERVICE";
    default:
      return message;
  }
}
