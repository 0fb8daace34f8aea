/** DNS over TCP: few connections, each with little time, whatever its client says about lengths. RFC 7766. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Ipv4 } from "../../../cluster/address.ts";
import { Frames, framed } from "./frames.ts";

export interface TcpOptions {
  readonly address: Ipv4;
  /** 0 takes a free one. */
  readonly port: number;
  /** What answers one message: nothing ends the connection, a copy of a zone is a row of messages. */
  handle(message: Buffer, from: Ipv4): Answer | Promise<Answer>;
  /** Milliseconds for a client to send one message, or to take one answer; 5000 unless said otherwise. */
  readonly patience?: number;
}

type Answer = Buffer | Iterable<Buffer> | undefined;

export interface TcpService {
  readonly port: number;
  close(): Promise<void>;
}

const CONNECTIONS = 128;
const CONNECTIONS_EACH = 16;
/** Messages of one connection that are answered at the same time; while there are so many, no more are read. */
const AT_ONCE = 32;
/** An update of many names. */
const MESSAGE_SIZE = 0xffff;

/** Rejects with what node:net says when the port cannot be had. */
export async function listenTcp(options: TcpOptions): Promise<TcpService> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const own = [...open].filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress).length;
    if (own >= CONNECTIONS_EACH) return void socket.destroy();
    open.add(socket.on("close", () => open.delete(socket)));
    converse(socket, options);
  });
  server.maxConnections = CONNECTIONS;
  server.listen(options.port, options.address);
  await once(server, "listening");
  return {
    port: portOf(server),
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers a client's messages as soon as each answer is there, in whatever order that is (RFC 7766 §6.2.1.1). */
function converse(socket: Socket, { handle, patience = 5000 }: TcpOptions): void {
  const frames = new Frames(MESSAGE_SIZE);
  const from = socket.remoteAddress as Ipv4;
  let deadline: NodeJS.Timeout | undefined;
  /** A whole message or a taken answer earns more time; single bytes do not. */
  const moreTime = (): void => {
    clearTimeout(deadline);
    deadline = setTimeout(() => socket.destroy(), patience);
  };
  moreTime();
  socket.on("close", () => clearTimeout(deadline));
  socket.on("error", () => socket.destroy()); // reset by the client: there is nobody left to tell

  const underway = new Set<Promise<void>>();
  let writing = Promise.resolve();
  async function send(answer: Answer): Promise<void> {
    if (!answer || socket.destroyed) return void socket.destroy();
    for (const message of Buffer.isBuffer(answer) ? [answer] : answer) {
      if (socket.destroyed) return;
      moreTime();
      if (!socket.write(framed(message))) await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
      if (!Buffer.isBuffer(answer)) await new Promise(setImmediate); // others have their turn between two pieces of a zone
    }
  }
  async function converseOnce(message: Buffer): Promise<void> {
    clearTimeout(deadline); // our own time is not the client's
    const answer = await handle(message, from);
    writing = writing.then(() => send(answer));
    await writing;
  }

  socket.on("data", (part) => {
    const messages = frames.take(part);
    if (!messages) return void socket.destroy();
    for (const message of messages) {
      const done: Promise<void> = converseOnce(message)
        .catch(() => void socket.destroy())
        .finally(() => {
          underway.delete(done);
          if (underway.size < AT_ONCE && !socket.destroyed) socket.resume();
        });
      underway.add(done);
    }
    if (underway.size >= AT_ONCE) socket.pause();
  });
  socket.on("end", () => void Promise.all(underway).then(() => socket.end()));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}
