/** Opens an http(s) URL as a source: redirects, continuing at an offset, and what every refusal means. */
import type { IncomingMessage } from "node:http";
import { DownloadError, messageOf } from "./error.ts";
import type { Opened, Wish } from "./source.ts";
import type { Getter } from "./web.ts";

const MAX_REDIRECTS = 5;

export async function openHttp(wish: Wish, web: Getter): Promise<Opened> {
  let url = wish.url;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await ask(url, wish, web);
    const location = header(answer, "location");
    if (doesNotContinue(answer, wish)) {
      answer.destroy();
      return openHttp({ url: wish.url, offset: 0 }, web);
    }
    if (!REDIRECTS.has(answer.statusCode ?? 0) || location === undefined) return opened(answer, wish);
    answer.destroy();
    if (redirects === MAX_REDIRECTS) throw new DownloadError(`redirects more than ${MAX_REDIRECTS} times, lastly to ${location}`);
    url = follow(url, location);
  }
}

/** How large a file is, without fetching it; undefined where the source does not say. Throws DownloadError as for the file itself. */
export async function sizeOverHttp(address: string, web: Getter): Promise<number | undefined> {
  let url = address;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const answer = await ask(url, { url, offset: 0 }, web, "HEAD");
    answer.resume();
    const location = header(answer, "location");
    if (REDIRECTS.has(answer.statusCode ?? 0) && location !== undefined) url = follow(url, location);
    else if (answer.statusCode === 200) return lengthOf(answer);
    else if (answer.statusCode === 405 || answer.statusCode === 501) return undefined;
    else throw refusal(answer);
  }
  throw new DownloadError(`redirects more than ${MAX_REDIRECTS} times, lastly to ${url}`);
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

async function ask(url: string, { offset, validator }: Wish, web: Getter, method: "GET" | "HEAD" = "GET"): Promise<IncomingMessage> {
  // If-Range makes a changed file arrive whole instead of as a tail that does not fit (RFC 9110 §13.1.5).
  const rest = offset > 0 ? { range: `bytes=${offset}-`, ...(validator !== undefined && { "if-range": validator }) } : {};
  try {
    return await web.get(url, { "user-agent": "sextant-bsroot-builder", accept: "*/*", "accept-encoding": "identity", ...rest }, method);
  } catch (error) {
    throw explain(error);
  }
}

/** 416, or a part that we did not ask for: what we hold is no beginning of what lies there now (RFC 9110 §14.4, §15.5.17). */
function doesNotContinue(answer: IncomingMessage, { offset }: Wish): boolean {
  if (answer.statusCode === 416) return offset > 0;
  return answer.statusCode === 206 && Number(/^bytes (\d+)-/.exec(header(answer, "content-range") ?? "")?.[1]) !== offset;
}

function opened(answer: IncomingMessage, { offset, validator }: Wish): Opened {
  const common = { body: bytesOf(answer), close: () => void answer.destroy() };
  switch (answer.statusCode) {
    case 200:
      return trim({ ...common, offset: 0, size: lengthOf(answer), validator: validatorOf(answer) });
    case 206:
      return trim({ ...common, offset, size: rangeTotal(answer), validator });
    default:
      answer.destroy();
      throw refusal(answer);
  }
}

/** exactOptionalPropertyTypes: a field is there or it is not. */
function trim({
  size,
  validator,
  ...rest
}: Omit<Opened, "size" | "validator"> & { size: number | undefined; validator: string | undefined }): Opened {
  return { ...rest, ...(size !== undefined && { size }), ...(validator !== undefined && { validator }) };
}

function refusal({ statusCode: status = 0, headers }: IncomingMessage): DownloadError {
  if (status === 404 || status === 410) {
    return new DownloadError(
      `answers ${status}: no such file there; check the version in the description, or redirect the address with mirrors:`,
    );
  }
  if (status === 401 || status === 403)
    return new DownloadError(`answers ${status}: it does not let us in; redirect the address with mirrors:`);
  if (status === 429 || status >= 500 || status === 408)
    return new DownloadError(`answers ${status}`, { again: true, ...patience(headers) });
  return new DownloadError(`answers ${status}, which is not a file`);
}

/** How long a busy server asks us to wait: seconds, or a date (RFC 9110 §10.2.3). */
export function patience(headers: IncomingMessage["headers"]): { after?: number } {
  const text = headers["retry-after"];
  if (text === undefined) return {};
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(headers.date ?? "");
  return wait > 0 ? { after: Math.min(wait, LONGEST_WAIT) } : {};
}

/** Milliseconds; who asks for more is asked again before. */
const LONGEST_WAIT = 300_000;

/** A strong entity tag, or the date; a weak tag does not promise the same bytes (RFC 9110 §8.8.1, §13.1.5). */
function validatorOf(answer: IncomingMessage): string | undefined {
  const tag = header(answer, "etag");
  return tag && !tag.startsWith("W/") ? tag : header(answer, "last-modified");
}

function lengthOf(answer: IncomingMessage): number | undefined {
  const length = header(answer, "content-length");
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

function rangeTotal(answer: IncomingMessage): number | undefined {
  const total = /\/(\d+)$/.exec(header(answer, "content-range") ?? "")?.[1];
  return total === undefined ? undefined : Number(total);
}

function header({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function* bytesOf(answer: IncomingMessage): AsyncIterable<Uint8Array> {
  try {
    yield* answer;
  } catch (error) {
    throw explain(error);
  }
}

function follow(from: string, location: string): string {
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (!to || !/^https?:$/.test(to.protocol)) throw new DownloadError(`redirects to ${location}, which is no http address`);
  if (to.protocol === "http:" && from.startsWith("https:")) {
    throw new DownloadError(`redirects from https to ${to.href}, where anyone may answer; if you trust it, name it yourself with mirrors:`);
  }
  return withCredentials(to, new URL(from)).href;
}

/** A name and a password in the URL are for the host that they were written for, and for nobody it sends us to. */
function withCredentials(to: URL, from: URL): URL {
  const known = to.origin === from.origin ? from : { username: "", password: "" };
  to.username = known.username;
  to.password = known.password;
  return to;
}

function explain(error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  const code = String((error as { code?: unknown }).code ?? "");
  if (code === "ENOTFOUND")
    return new DownloadError("there is no such host; is this computer online? mirrors: can name a copy", { cause: error });
  if (code.startsWith("HPE_") || code === "EPROTO")
    return new DownloadError(`does not speak our protocol there: ${messageOf(error)}`, { cause: error });
  if (code === "CERT_NOT_YET_VALID" || code === "CERT_HAS_EXPIRED") {
    const what = code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet";
    const clock = `this computer's clock says ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`;
    return new DownloadError(`its certificate ${what}; ${clock}: if that is wrong, set it, else the server needs a new certificate`, {
      cause: error,
    });
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL/.test(code)) {
    const way = "a company's own CA is trusted through the environment variable NODE_EXTRA_CA_CERTS";
    return new DownloadError(`its certificate is not trusted here (${code}); ${way}`, { cause: error });
  }
  return new DownloadError(`the connection failed: ${messageOf(error)}`, { again: true, cause: error });
}
