/** A web server on loopback that misbehaves on request: cuts, redirects, lies about lengths, serves login pages. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Misbehaviour {
  /** Cuts the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  readonly status?: number;
  readonly redirectTo?: string;
  /** Answers 200 with a login page. */
  readonly page?: boolean;
  /** Claims this Content-Length. */
  readonly length?: number;
  readonly etag?: "weak" | "none";
  readonly ignoreRange?: boolean;
  /** Says no length. */
  readonly chunked?: boolean;
  /** Goes on sending after the file, for ever. */
  readonly endless?: boolean;
  /** Sends so many bytes of the body and then nothing more. */
  readonly stallAfter?: number;
  /** With `stallAfter`: then the rest is sent after all. */
  readonly until?: Promise<void>;
  /** With `status`: what Retry-After says. */
  readonly retryAfter?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes a second. */
  readonly rate?: number;
  /** Requests it lasts; for ever when absent. */
  readonly times?: number;
}

export interface Seen {
  readonly path: string;
  readonly range?: string;
  readonly ifRange?: string;
  readonly method?: string;
  readonly authorization?: string;
}

export interface Mirror {
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: Seen[];
  put(path: string, content: string | Uint8Array): void;
  remove(path: string): void;
  misbehave(path: string, how: Misbehaviour): void;
  close(): Promise<void>;
}

export async function startMirror(): Promise<Mirror> {
  const files = new Map<string, Uint8Array>();
  const faults = new Map<string, { how: Misbehaviour; left: number }>();
  const requests: Seen[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://mirror").pathname;
    requests.push({ path, ...headers(request) });
    const fault = faults.get(path);
    const how = fault && fault.left > 0 ? fault.how : {};
    if (fault) fault.left -= 1;
    answer(request, response, files.get(path), how).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    put: (path, content) => void files.set(path, typeof content === "string" ? Buffer.from(content) : content),
    remove: (path) => void files.delete(path),
    misbehave: (path, how) => void faults.set(path, { how, left: how.times ?? Number.POSITIVE_INFINITY }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function headers({ headers, method }: IncomingMessage): Omit<Seen, "path"> {
  const ifRange = headers["if-range"];
  return {
    ...(headers.range && { range: headers.range }),
    ...(typeof ifRange === "string" && { ifRange }),
    ...(headers.authorization && { authorization: headers.authorization }),
    ...(method !== "GET" && method !== undefined && { method }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, file: Uint8Array | undefined, how: Misbehaviour): Promise<void> {
  if (how.redirectTo !== undefined) return void response.writeHead(302, { location: how.redirectTo }).end();
  if (how.status !== undefined) {
    const wait = how.retryAfter === undefined ? {} : { "retry-after": how.retryAfter };
    return void response.writeHead(how.status, { ...wait, ...how.headers }).end("no");
  }
  if (how.page) return void response.writeHead(200, { "content-type": "text/html" }).end("<!DOCTYPE html><title>Log in</title>");
  if (!file) return void response.writeHead(404).end("not here");

  const tag = `"${createHash("sha256").update(file).digest("hex").slice(0, 16)}"`;
  const etag = how.etag === "none" ? {} : { etag: how.etag === "weak" ? `W/${tag}` : tag };
  const start = how.ignoreRange ? 0 : rangeStart(request, tag);
  if (start > 0 && start >= file.length) return void response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
  const body = file.subarray(start);
  const part = start > 0 ? { "content-range": `bytes ${start}-${file.length - 1}/${file.length}` } : {};
  const length = how.chunked ? {} : { "content-length": how.length ?? body.length };
  response.writeHead(start > 0 ? 206 : 200, { ...length, "accept-ranges": "bytes", ...etag, ...part, ...how.headers });
  if (request.method === "HEAD") return void response.end();
  await send(response, body.subarray(0, how.stallAfter ?? how.cutAfter ?? body.length), how.rate);
  if (how.stallAfter !== undefined) {
    if (!how.until) return;
    await how.until;
    await send(response, body.subarray(how.stallAfter));
  }
  while (how.endless && !response.destroyed) await send(response, Buffer.alloc(1 << 16), how.rate);
  if (how.cutAfter === undefined && how.length === undefined) return void response.end();
  await sleep(20); // a cut takes along what the other side has not read yet
  response.socket?.end();
}

/** RFC 9110 §13.1.5: a tail is for those whose beginning is of the same file. */
function rangeStart({ headers }: IncomingMessage, tag: string): number {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  return headers["if-range"] === undefined || headers["if-range"] === tag ? start : 0;
}

async function send(response: ServerResponse, bytes: Uint8Array, rate?: number): Promise<void> {
  const step = rate === undefined ? 1 << 18 : Math.ceil(rate / 20);
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    await new Promise<void>((resolve) => {
      response.once("close", resolve); // whoever left reads no more
      response.write(bytes.subarray(at, at + step), () => {
        response.off("close", resolve);
        resolve();
      });
    });
    if (rate !== undefined) await sleep(50);
  }
}
