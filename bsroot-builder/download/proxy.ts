/** A company's proxy, as the environment names it: which one stands before a URL, and the tunnel through it. */
import { request } from "node:http";
import { request as requestSecurely } from "node:https";
import { BlockList, isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { DownloadError, messageOf } from "./error.ts";

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case, as curl reads them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined when the URL is asked directly. */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const read = (name: string) => environment[name] || environment[name.toUpperCase()];
  const proxy = read(url.protocol === "https:" ? "https_proxy" : "http_proxy");
  if (proxy === undefined || isExempt(url, read("no_proxy") ?? "")) return undefined;
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  if (/^socks/i.test(whole))
    throw new DownloadError("cannot be asked: the environment names a SOCKS proxy, and only http and https ones are known");
  if (!URL.canParse(whole)) throw new DownloadError(`cannot be asked: the environment names the proxy ${proxy}, which is no address`);
  return new URL(whole);
}

/** "example.com" and ".example.com" mean the host and all below it, "10.0.0.0/8" a network, and "*" everything. */
function isExempt({ hostname, port }: URL, exceptions: string): boolean {
  return exceptions
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      const [, name = "", only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (entry === "*") return true;
      if (entry.includes("/")) return isInside(hostname.replace(/^\[|\]$/g, ""), entry);
      return (only === undefined || only === port) && (hostname === name || hostname.endsWith(`.${name}`));
    });
}

function isInside(address: string, network: string): boolean {
  const [base = "", bits = ""] = network.split("/");
  const family = isIP(base);
  if (family === 0 || isIP(address) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const name = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(base, Number(bits), name);
  return list.check(address, name);
}

export function proxyHeaders({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  return { "proxy-authorization": `Basic ${Buffer.from(pair(username, password)).toString("base64")}` };
}

/** Of a URL, where both are percent-encoded, as RFC 7617 wants them. */
export const pair = (username: string, password: string): string => `${decoded(username)}:${decoded(password)}`;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A TLS connection to `url`'s host through the proxy (RFC 9110 §9.3.6). Rejects with DownloadError, or with what TLS says of the host. */
export async function tunnel(proxy: URL, url: URL, patience: number): Promise<TLSSocket> {
  const socket = await connectThrough(proxy, `${url.hostname}:${url.port || 443}`, patience);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    // RFC 6066 §3: an address is no server name.
    const secure = connect({ socket, host, ...(isIP(host) === 0 && { servername: host }), ALPNProtocols: ["http/1.1"] });
    secure.on("error", reject);
    secure.on("secureConnect", () => resolve(secure));
  });
}

function connectThrough(proxy: URL, target: string, patience: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = { host: target, ...proxyHeaders(proxy) };
    const isSecure = proxy.protocol === "https:";
    const place = { host: proxy.hostname, port: proxy.port || (isSecure ? 443 : 80) };
    const asked = (isSecure ? requestSecurely : request)({
      ...place,
      method: "CONNECT",
      path: target,
      headers,
      timeout: patience,
      agent: false,
    });
    asked.on("timeout", () => asked.destroy(new Error("it does not answer")));
    asked.on("error", (error) =>
      reject(new DownloadError(`the proxy ${proxy.host} failed: ${messageOf(error)}`, { again: true, cause: error })),
    );
    asked.on("connect", (answer, socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new DownloadError(`the proxy ${proxy.host} answers ${answer.statusCode} to a tunnel to ${target}`));
    });
    asked.end();
  });
}
