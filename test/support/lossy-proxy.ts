/** A UDP network that loses, repeats and reorders datagrams between one server and its clients; the same seed behaves the same way. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { chanceFrom } from "./chance.ts";

/** Chances from 0 to 1 for each datagram, in either direction. */
export interface Weather {
  readonly lost?: number;
  readonly repeated?: number;
  /** Held back for some milliseconds, so that later ones overtake it. */
  readonly late?: number;
  readonly seed: number;
}

export interface LossyProxy {
  /** Where clients send their requests. */
  readonly port: number;
  readonly counts: { passed: number; lost: number; repeated: number; late: number };
  close(): void;
}

/** Stands between clients and 127.0.0.1:`target`. What the server says from that port comes from `port`; a TFTP transfer's own port gets one of its own here, as behind a NAT. */
export async function lossyProxy(target: number, { lost = 0, repeated = 0, late = 0, seed }: Weather): Promise<LossyProxy> {
  const random = chanceFrom(seed);
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;
  const counts = { passed: 0, lost: 0, repeated: 0, late: 0 };

  function deliver(bytes: Uint8Array, from: Socket, port: number): void {
    if (closed) return;
    if (random() < lost) {
      counts.lost += 1;
      return;
    }
    if (random() < late) {
      counts.late += 1;
      after(2 + random() * 10, () => from.send(bytes, port, "127.0.0.1"));
      return;
    }
    counts.passed += 1;
    from.send(bytes, port, "127.0.0.1");
    if (random() < repeated) {
      counts.repeated += 1;
      after(random() * 5, () => from.send(bytes, port, "127.0.0.1"));
    }
  }

  function after(milliseconds: number, then: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, milliseconds);
    timers.add(timer);
  }

  async function open(onMessage: (bytes: Uint8Array, from: RemoteInfo) => void): Promise<Socket> {
    const socket = createSocket("udp4").on("message", onMessage);
    sockets.add(socket);
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return socket;
  }

  /** What a client sends to us goes on from its own socket `inner`; what the server's ports send back comes out of a socket for each of them. */
  const inners = new Map<number, Promise<Socket>>();
  const inner = (client: number): Promise<Socket> => {
    const outers = new Map<number, Promise<Socket>>();
    const opening = open(async (bytes, { port: serverPort }) => {
      const outer =
        serverPort === target ? front : (outers.get(serverPort) ?? open(async (reply) => deliver(reply, await opening, serverPort)));
      if (outer !== front) outers.set(serverPort, outer);
      deliver(bytes, await outer, client);
    });
    return opening;
  };
  const front = open(async (bytes, { port }) => {
    const socket = inners.get(port) ?? inner(port);
    inners.set(port, socket);
    deliver(bytes, await socket, target);
  });

  return {
    port: (await front).address().port,
    counts,
    close: () => {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.close();
    },
  };
}
