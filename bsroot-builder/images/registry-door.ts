/** The way into a registry: it asks who comes, names who gives out tokens, and lets in whoever brings one. Docker's token authentication specification. */
import type { IncomingMessage } from "node:http";
import { DownloadError } from "../download/error.ts";
import { patience } from "../download/http.ts";
import type { Getter } from "../download/web.ts";
import type { Credentials } from "./credentials.ts";
import { MEDIA_TYPES } from "./manifest.ts";

/** /v2/<repository>/<kind>/<reference> */
const PLACE = /^\/v2\/(.+)\/(manifests|blobs)\/[^/]+$/;
const ACCEPT = [...MEDIA_TYPES.index, ...MEDIA_TYPES.manifest].join(", ");
/** Bytes of a token's answer. */
const LIMIT = 1 << 18;

/** Passes every request on; one to a registry with what opens its door. A blob's redirect leads elsewhere, so it goes without. */
export class RegistryDoor implements Getter {
  readonly #web: Getter;
  readonly #credentials: Credentials;
  /** By host and repository: what Authorization says there. */
  readonly #keys = new Map<string, Promise<string>>();

  constructor(web: Getter, credentials: Credentials) {
    this.#web = web;
    this.#credentials = credentials;
  }

  async get(address: string, headers: Record<string, string>, method: "GET" | "HEAD" = "GET"): Promise<IncomingMessage> {
    const url = new URL(address);
    const [, repository, kind] = PLACE.exec(decodeURIComponent(url.pathname)) ?? [];
    if (repository === undefined) return this.#web.get(address, headers, method);

    const wish = kind === "manifests" ? { ...headers, accept: ACCEPT } : headers;
    const place = `${url.host}/${repository}`;
    const key = await this.#keys.get(place);
    const answer = await this.#web.get(address, key === undefined ? wish : { ...wish, authorization: key }, method);
    const challenge = answer.headers["www-authenticate"];
    if (answer.statusCode !== 401 || challenge === undefined) return answer;
    answer.destroy();
    if (this.#keys.get(place) === undefined || (await this.#keys.get(place)) === key)
      this.#keys.set(place, this.#earn(url, repository, challenge));
    try {
      return await this.#web.get(address, { ...wish, authorization: await this.#keys.get(place)! }, method);
    } catch (error) {
      this.#keys.delete(place);
      throw error;
    }
  }

  async #earn(registry: URL, repository: string, challenge: string): Promise<string> {
    const [, scheme = "", rest = ""] = /^(\w+)\s*(.*)$/.exec(challenge) ?? [];
    const basic = await this.#credentials.basicFor(registry.host);
    if (scheme.toLowerCase() === "basic") {
      if (basic) return `Basic ${basic}`;
      throw new DownloadError(`wants a name and a password; log in with docker login ${registry.host}`);
    }
    const said = parameters(rest);
    const realm = said.get("realm");
    if (scheme.toLowerCase() !== "bearer" || realm === undefined || !URL.canParse(realm)) {
      throw new DownloadError(`wants a proof of who we are that we do not know: ${challenge.slice(0, 100)}`);
    }
    const door = new URL(realm);
    if (door.protocol !== "https:" && registry.protocol === "https:")
      throw new DownloadError(`sends us for a token to ${realm}, which is not https`);
    door.searchParams.set("service", said.get("service") ?? registry.host);
    door.searchParams.set("scope", said.get("scope") ?? `repository:${repository}:pull`);
    return `Bearer ${await this.#token(door, basic)}`;
  }

  async #token(door: URL, basic: string | undefined): Promise<string> {
    const answer = await this.#web.get(door.href, basic ? { authorization: `Basic ${basic}` } : {});
    const text = await wholeText(answer);
    if (answer.statusCode !== 200) {
      const again = answer.statusCode === 429 || (answer.statusCode ?? 0) >= 500;
      const wayOut = basic ? "log in again with docker login" : "is the name right, or is it private (docker login)?";
      throw new DownloadError(`${door.host} answers ${answer.statusCode} instead of a token; ${wayOut}`, {
        again,
        ...(again && patience(answer.headers)),
      });
    }
    const { token, access_token: other } = tokenIn(text);
    const found = token ?? other;
    if (typeof found !== "string" || found === "") throw new DownloadError(`${door.host} answers without a token`);
    return found;
  }
}

/** key="value", key=value (RFC 9110 §11.2). */
function parameters(text: string): ReadonlyMap<string, string> {
  const pairs = text.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g);
  return new Map([...pairs].map(([, name, quoted, bare]) => [name!.toLowerCase(), quoted ?? bare ?? ""]));
}

function tokenIn(text: string): { token?: unknown; access_token?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as { token?: unknown; access_token?: unknown };
  } catch {
    return {};
  }
}

async function wholeText(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > LIMIT) throw new DownloadError("answers something far too long for a token");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
