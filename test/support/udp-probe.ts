/** A bare UDP socket on loopback for tests: sends what it is told and hands out what comes back, in order. */
import { createSocket } from "node:dgram";
import { once } from "node:events";

export interface Heard {
  readonly bytes: Uint8Array;
  readonly port: number;
}

export interface UdpProbe {
  readonly port: number;
  send(bytes: Uint8Array | string, port: number): void;
  /** The oldest datagram not yet taken; rejects when none comes in time. */
  next(patience?: number): Promise<Heard>;
  /** What arrives within this many milliseconds. */
  hear(milliseconds: number): Promise<Heard[]>;
  close(): void;
}

export async function udpProbe(port = 0): Promise<UdpProbe> {
  // With a lookup that answers at once a datagram leaves in send() itself, not after a close() that follows it.
  const socket = createSocket({ type: "udp4", lookup: (host, _, done) => done(null, host, 4) });
  const listening = once(socket, "listening");
  socket.bind(port, "127.0.0.1");
  await listening;
  const queue: Heard[] = [];
  let wake = (): void => {};
  socket.on("message", (bytes, { port }) => {
    queue.push({ bytes, port });
    wake();
  });
  return {
    port: socket.address().port,
    send: (bytes, port) => socket.send(bytes, port, "127.0.0.1"),
    next: (patience = 5000) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no datagram within ${patience} ms`)), patience);
        wake = () => {
          const first = queue.shift();
          if (!first) return;
          clearTimeout(timer);
          wake = () => {};
          resolve(first);
        };
        wake();
      }),
    hear: (milliseconds) => new Promise((resolve) => setTimeout(() => resolve(queue.splice(0)), milliseconds)),
    close: () => socket.close(),
  };
}
