/** DNS over TCP: few connections, each with little time, whatever its client says about lengths. RFC 7766. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Ipv4 } from "../../../cluster/address.ts";
import { Frames, framed } from "./frames.ts";

export interface TcpOptions {
  readonly address: Ipv4;
  /** 0 takes a free one. */
  readonly port: number;
  /** One message's answer; undefined ends the connection. */
  handle(message: Uint8Array, from: Ipv4): Promise<Uint8Array | undefined>;
  /** Milliseconds for a client to send one message, or to take one answer; 5000 unless said otherwise. */
  readonly patience?: number;
}

export interface TcpService {
  readonly port: number;
  close(): Promise<void>;
}

const CONNECTIONS = 128;
const CONNECTIONS_EACH = 16;
/** No query is longer (see message.ts). */
const MESSAGE_SIZE = 4096;

/** Rejects with what node:net says when the port cannot be had. */
export async function listenTcp(options: TcpOptions): Promise<TcpService> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
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

/** Answers a client's messages one after the other. While one is answered, no more are read. */
function converse(socket: Socket, { handle, patience = 5000 }: TcpOptions): void {
  const frames = new Frames(MESSAGE_SIZE);
  const from = socket.remoteAddress as Ipv4;
  let deadline = setTimeout(() => socket.destroy(), patience);
  /** A whole message or a taken answer earns more time; single bytes do not. */
  const moreTime = (): void => {
    clearTimeout(deadline);
    deadline = setTimeout(() => socket.destroy(), patience);
  };
  socket.on("close", () => clearTimeout(deadline));
  socket.on("error", () => socket.destroy()); // reset by the client: there is nobody left to tell

  async function answerAll(messages: readonly Buffer[]): Promise<void> {
    for (const message of messages) {
      clearTimeout(deadline); // our own time is not the client's
      const answer = await handle(message, from);
      if (!answer || socket.destroyed) return void socket.destroy();
      moreTime();
      if (!socket.write(framed(answer))) await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
    }
  }

  let work = Promise.resolve();
  socket.on("data", (part) => {
    const messages = frames.take(part);
    if (!messages) return void socket.destroy();
    if (messages.length === 0) return;
    socket.pause();
    work = answerAll(messages).then(
      () => void socket.resume(),
      () => void socket.destroy(),
    );
  });
  socket.on("end", () => void work.then(() => socket.end()));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}
