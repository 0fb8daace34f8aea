/** A small bootstrapper for the install script to talk to: plain HTTP and TLS on loopback, every word written down. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Endpoints } from "../../../cluster/extension.ts";
import { server as somewhere } from "../sample.ts";
import type { Tls } from "../tls.ts";

export const TOKEN = "0123456789abcdef".repeat(4);
export const CONFIG = '{"ignition":{"version":"3.3.0"},"secret":"the-cluster-key"}\n';

export interface Heard {
  /** "POST /report/52-54-00-00-00-11 phase=installing&disk=..." */
  readonly line: string;
  readonly authorization: string | undefined;
  readonly tls: boolean;
}

/** Answers one request itself, or returns false for what a healthy bootstrapper says. */
export type Trouble = (line: string, response: ServerResponse, request: IncomingMessage) => boolean;

export class Provisioner {
  readonly heard: Heard[] = [];
  trouble: Trouble = () => false;
  image: Uint8Array = new Uint8Array();
  readonly #servers: readonly Server[];

  private constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  static async start({ cert, key }: Pick<Tls, "cert" | "key">): Promise<Provisioner> {
    const provisioner: Provisioner = new Provisioner([
      createServer(listener(() => provisioner, false)),
      createTlsServer(
        { cert, key },
        listener(() => provisioner, true),
      ),
    ]);
    await Promise.all(provisioner.#servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
    return provisioner;
  }

  endpoints(ca: string): Endpoints {
    const [http, https] = this.#servers.map((server) => (server.address() as AddressInfo).port);
    return { ...somewhere, ca, http: `http://127.0.0.1:${http}`, https: `https://127.0.0.1:${https}` };
  }

  lines = (): readonly string[] => this.heard.map(({ line }) => line);

  async stop(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }
}

const listener =
  (of: () => Provisioner, tls: boolean): RequestListener =>
  async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const line = `${request.method} ${request.url} ${Buffer.concat(parts).toString()}`.trim();
    const provisioner = of();
    provisioner.heard.push({ line, authorization: request.headers.authorization, tls });
    if (provisioner.trouble(line, response, request)) return;
    response.end(healthy(line, request, provisioner.image));
  };

function healthy(line: string, { url = "" }: IncomingMessage, image: Uint8Array): string | Uint8Array {
  if (url.startsWith("/static/")) return image;
  if (line.startsWith("POST /grant/")) return TOKEN;
  if (line.startsWith("GET /config/")) return CONFIG;
  return "ok\n";
}
