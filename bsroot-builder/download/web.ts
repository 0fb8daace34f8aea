/**
 * One GET over http or https, directly or through a proxy. On node's own client: every undici that runs on Node 20 ends its process when a server
 * closes the connection while we are still writing to disk (nodejs/undici issue 5360).
 */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, type RequestOptions, request as requestHttps } from "node:https";
import { type Environment, pair, proxyFor, proxyHeaders, tunnel } from "./proxy.ts";

/** Milliseconds in which something must happen on a connection. */
const PATIENCE = 60_000;

/** Whoever fetches may come with credentials, or be a test. */
export type Getter = Pick<Web, "get">;

export class Web {
  readonly #environment: Environment;
  readonly #patience: number;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https = new HttpsAgent({ keepAlive: true });

  constructor(environment: Environment, patience = PATIENCE) {
    this.#environment = environment;
    this.#patience = patience;
  }

  /** Resolves with the headers; the body follows as a stream. Rejects with node's errors. */
  async get(address: string, wanted: Record<string, string>, method: "GET" | "HEAD" = "GET"): Promise<IncomingMessage> {
    const { url, headers } = apart(address, wanted);
    const proxy = proxyFor(url, this.#environment);
    const options: RequestOptions = { method, headers, timeout: this.#patience };
    if (url.protocol === "http:") {
      if (!proxy) return this.#send(requestHttp(url, { ...options, agent: this.#http }));
      const viaProxy = { ...headers, host: url.host, ...proxyHeaders(proxy) };
      const [request, agent] = proxy.protocol === "https:" ? ([requestHttps, this.#https] as const) : ([requestHttp, this.#http] as const);
      return this.#send(request(proxy, { ...options, headers: viaProxy, path: url.href, agent }));
    }
    if (!proxy) return this.#send(requestHttps(url, { ...options, agent: this.#https }));
    const socket = await tunnel(proxy, url, this.#patience);
    return this.#send(requestHttps(url, { ...options, agent: false, createConnection: () => socket }));
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #send(asked: ReturnType<typeof requestHttp>): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      let answer: IncomingMessage | undefined;
      asked.on("response", (begun) => {
        answer = begun;
        resolve(begun);
      });
      asked.on("error", reject);
      // Whoever reads the body hears only what the answer itself was ended with.
      asked.on("timeout", () => (answer ?? asked).destroy(new Error(`nothing came for ${this.#patience / 1000} seconds`)));
      asked.end();
    });
  }
}

/** A name and a password leave the URL for the header, so that no proxy sees them in a path. */
function apart(address: string, headers: Record<string, string>): { readonly url: URL; readonly headers: Record<string, string> } {
  const url = new URL(address);
  const { username, password } = url;
  if (username === "" && password === "") return { url, headers };
  url.username = "";
  url.password = "";
  return { url, headers: { authorization: `Basic ${Buffer.from(pair(username, password)).toString("base64")}`, ...headers } };
}
