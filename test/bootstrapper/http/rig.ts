/** The real server on loopback with a small world behind it, and a client that calls from any address of 127.0.0.0/8. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Limits } from "../../../bootstrapper/http/limits.ts";
import { type HttpService, startHttp } from "../../../bootstrapper/http/service.ts";
import { API_TOKEN, type SmallWorld, smallWorld } from "./small-world.ts";

export interface Ask {
  readonly method?: string;
  /** Default: the TLS port. */
  readonly plain?: boolean;
  /** The address to call from. */
  readonly from?: string;
  readonly headers?: Record<string, string>;
  readonly token?: string;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly bytes: Buffer;
  readonly text: string;
  json(): never;
}

export interface Rig extends HttpService {
  readonly world: SmallWorld;
  readonly folder: string;
  readonly statics: string;
  readonly tls: { readonly cert: string; readonly key: string };
  /** PEM of what signed the server's certificate. */
  readonly ca: string;
  ask(path: string, how?: Ask): Promise<Answer>;
  /** Sends bytes as they are to the plain port; resolves with all that came back once the server has closed. */
  raw(bytes: string | Buffer): Promise<string>;
  stop(): Promise<void>;
}

/** `before`: what a test replaces in the world before the server is given it. */

export async function startRig(limits: Partial<Limits> = {}, before: (world: SmallWorld) => Promise<void> = async () => {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "sextant-http-"));
  const statics = join(folder, "static");
  mkdirSync(statics);
  const tls = certificate(folder);
  const world = smallWorld(statics);
  await before(world);
  const service = await startHttp(world, { address: "127.0.0.1", httpPort: 0, httpsPort: 0, tls, limits });
  return {
    ...service,
    world,
    folder,
    statics,
    tls,
    ca: tls.cert,
    ask: (path, how = {}) => ask(how.plain ? service.httpPort : service.httpsPort, path, how, tls.cert),
    raw: (bytes) => raw(service.httpPort, bytes),
    stop: async () => {
      await service.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export const asOperator = { token: API_TOKEN };
export const form = { "Content-Type": "application/x-www-form-urlencoded" };

let made: { readonly cert: string; readonly key: string } | undefined;

/** Made once for all rigs of a test file. */
function certificate(folder: string): { readonly cert: string; readonly key: string } {
  if (made) return made;
  const [cert, key] = [join(folder, "server.crt"), join(folder, "server.key")];
  const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync("openssl", ["req", ...what, ...names, "-keyout", key, "-out", cert], { stdio: "ignore" });
  made = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  return made;
}

function ask(
  port: number,
  path: string,
  { method = "GET", plain, from = "127.0.0.1", headers, token, body }: Ask,
  ca: string,
): Promise<Answer> {
  return new Promise((done, failed) => {
    const options = {
      host: "127.0.0.1",
      port,
      path,
      method,
      localAddress: from,
      agent: false as const,
      headers: { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...headers },
      ca,
    };
    const request = (plain ? plainRequest : tlsRequest)(options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", failed);
      response.on("end", () => {
        const bytes = Buffer.concat(parts);
        const flat = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
        done({
          status: response.statusCode!,
          headers: flat,
          bytes,
          text: bytes.toString(),
          json: () => JSON.parse(bytes.toString()) as never,
        });
      });
    });
    request.on("error", failed);
    request.end(body);
  });
}

function raw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((done) => {
    const parts: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (part) => parts.push(part));
    socket.on("error", () => {}); // a reset is one of the ways a server may end this
    socket.on("close", () => done(Buffer.concat(parts).toString("latin1")));
  });
}
