/** One listening port: bounds on what a connection may cost, and an end that waits for nobody. */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Limits } from "./limits.ts";

export interface Place {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM. Absent: plain HTTP. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
}

export interface Listening {
  readonly port: number;
  /** New connections are met with this certificate; only where there was one before. */
  certify(tls: NonNullable<Place["tls"]>): void;
  /** Resolves within about `limits.closeMs`, even while downloads are running. */
  close(): Promise<void>;
}

/** `crowded` is told, at most once a second, why a connection was not taken. */
export async function listen(
  handler: RequestListener,
  place: Place,
  limits: Limits,
  crowded: (because: string) => void,
): Promise<Listening> {
  const server = create(handler, place.tls, limits);
  const sockets = boundConnections(server, limits, atMostEverySecond(crowded));
  await bound(server, place);
  return {
    port: (server.address() as AddressInfo).port,
    certify: (tls) => {
      if (server instanceof TlsServer) server.setSecureContext({ ...tls, ...TLS });
    },
    close: () =>
      new Promise((done) => {
        const deadline = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, limits.closeMs);
        server.close(() => {
          clearTimeout(deadline);
          done();
        });
      }),
  };
}

const TLS = { minVersion: "TLSv1.2" } as const;

function create(handler: RequestListener, tls: Place["tls"], limits: Limits): Server {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersMs),
    noDelay: true,
  };
  const listener = boundPipelining(handler, limits.requestsInFlight);
  const server = tls
    ? createTlsServer({ ...options, ...tls, ...TLS, handshakeTimeout: limits.handshakeMs, ALPNProtocols: ["http/1.1"] }, listener)
    : createServer(options, listener);
  server.timeout = limits.silenceMs;
  return server;
}

/** Requests sent ahead of their answers cost memory each; a connection with too many of them is ended after those already taken. */
function boundPipelining(handler: RequestListener, inFlight: number): RequestListener {
  const open = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    const taken = (open.get(socket) ?? 0) + 1;
    open.set(socket, taken);
    if (taken > inFlight) {
      response.writeHead(503, { Connection: "close", "Content-Length": 0 }).end();
      return;
    }
    response.once("close", () => open.set(socket, open.get(socket)! - 1));
    handler(request, response);
  };
}

function boundConnections(server: Server, limits: Limits, crowded: (because: string) => void): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  const byAddress = new Map<string, number>();
  server.maxConnections = limits.connections;
  server.on("drop", () => crowded(`${limits.connections} connections are open; no more are taken`));
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const open = byAddress.get(address) ?? 0;
    if (open >= limits.connectionsPerAddress) {
      socket.destroy();
      crowded(`${address} has ${open} connections open; it gets no more`);
      return;
    }
    sockets.add(socket);
    byAddress.set(address, open + 1);
    socket.once("close", () => {
      sockets.delete(socket);
      const left = byAddress.get(address)! - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    });
  });
  return sockets;
}

function bound(server: Server, { address, port, tls }: Place): Promise<void> {
  return new Promise((done, failed) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const todo = error.code === "EADDRINUSE" ? "; stop what holds this port, or give another one" : "";
      failed(new Error(`${tls ? "https" : "http"} cannot listen on ${address}:${port}: ${error.message}${todo}`, { cause: error }));
    });
    server.listen({ host: address, port, backlog: 1024 }, () => {
      server.removeAllListeners("error");
      done();
    });
  });
}

function atMostEverySecond(tell: (text: string) => void): (text: string) => void {
  let quiet = false;
  return (text) => {
    if (quiet) return;
    quiet = true;
    setTimeout(() => {
      quiet = false;
    }, 1000).unref();
    tell(text);
  };
}
