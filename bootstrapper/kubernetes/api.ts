/** The cluster's API as we speak to it: at the control planes' own addresses one after the other, with the administrator's certificate. */
import { Agent, request } from "node:https";
import type { TLSSocket } from "node:tls";
import type { Mac } from "../../cluster/address.ts";
import { API_PORT } from "../../cluster/kubernetes/endpoint.ts";

export interface ApiServer {
  readonly mac: Mac;
  readonly address: string;
}
/** PEM. */
export interface Credentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** `status` is absent when nobody answered. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/**
 * `foreign`: it is ready, but serves another cluster. `answers`: with a certificate of our CA, but it is not ready.
 * `silent`: it does not, for the reason given.
 */
export interface Seen extends ApiServer {
  readonly is: "ready" | "foreign" | "answers" | "silent";
  readonly because: string;
  /** Which cluster it serves: the UID of the namespace kube-system. */
  readonly cluster?: string;
  /** When its certificate ends, milliseconds since 1970. */
  readonly ends?: number;
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly content?: Content | undefined;
}
interface Reply {
  readonly status: number;
  readonly text: string;
  readonly ends: number;
}

export interface Content {
  readonly type: string;
  readonly body: string;
}

/** Milliseconds for one answer of one server, whole: to a question, and to a look. */
export interface Patience {
  readonly answer: number;
  readonly glance: number;
}

export interface ApiOptions {
  /** As they are now: the ones to try. */
  servers(): readonly ApiServer[];
  /** Whether a cluster that one of them serves is the one we speak to. */
  isOurs(mac: Mac, cluster: string): boolean;
  readonly credentials: Credentials;
  readonly port?: number;
  readonly patience?: Patience;
}

/** Every API server's certificate is for this name (kubeadm writes it there), whatever address it is reached at. */
const NAME = "kubernetes";
const PATIENCE: Patience = { answer: 10_000, glance: 6_000 };
/** Bytes; ten thousand objects of a list have room. */
const LONGEST = 64 * 1024 * 1024;
/** Characters of what an API server says of its refusal. */
const WORDS = 400;

export class Api {
  readonly #options: ApiOptions;
  readonly #agent: Agent;
  /** Looks have connections to themselves: a long question must not make a server seem silent. */
  readonly #glances: Agent;
  /** Who answered last is asked first. */
  #preferred: Mac | undefined;
  /** Who served another cluster at the last look is not asked. */
  #foreign: ReadonlySet<Mac> = new Set();
  #looking: Promise<readonly Seen[]> | undefined;
  #closed = false;

  constructor(options: ApiOptions) {
    this.#options = options;
    // A resumed TLS session does not tell the certificate, whose end we watch.
    const common = { keepAlive: true, maxCachedSessions: 0, minVersion: "TLSv1.2", servername: NAME, ...options.credentials } as const;
    this.#agent = new Agent({ ...common, maxSockets: 8 });
    this.#glances = new Agent({ ...common, maxSockets: 1 });
  }

  /** Looks at every control plane at once; who asks meanwhile shares it, or questions in a queue would make a slow server seem silent. Never rejects. */
  look(): Promise<readonly Seen[]> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<readonly Seen[]> {
    const seen = await Promise.all(
      this.#options
        .servers()
        .map((server) => this.#see(server).catch((error: Error): Seen => ({ ...server, is: "silent", because: error.message }))),
    );
    this.#foreign = new Set(seen.filter(({ is }) => is === "foreign").map(({ mac }) => mac));
    return seen;
  }

  async #see(server: ApiServer): Promise<Seen> {
    const { status, text, ends } = await this.#send(server, { method: "GET", path: "/readyz?verbose" }, this.#glances);
    const here = { ...server, ...(Number.isFinite(ends) && { ends }) };
    if (status !== 200) return { ...here, is: "answers", because: `it is not ready: ${failing(text) ?? said(status, text)}` };
    const cluster = uidOf(await this.#send(server, { method: "GET", path: "/api/v1/namespaces/kube-system" }, this.#glances));
    if (cluster === undefined) return { ...here, is: "answers", because: "it is not ready: it has no namespace kube-system" };
    return this.#options.isOurs(server.mac, cluster)
      ? { ...here, is: "ready", because: "it is ready", cluster }
      : { ...here, is: "foreign", because: `it serves another cluster (${cluster})` };
  }

  /** The parsed answer of the first server that takes the question; everything asked here may be asked twice. Rejects with ApiError. */
  async call(method: string, path: string, content?: Content): Promise<unknown> {
    const servers = this.#inOrder();
    let last = new ApiError("no control plane has an address yet");
    for (const server of servers) {
      try {
        const { status, text } = await this.#send(server, { method, path, content }, this.#agent);
        if (status < 300) {
          this.#preferred = server.mac;
          return parsed(text, `${method} ${path}`);
        }
        last = new ApiError(`${server.address}: ${method} ${path.split("?")[0]}: ${said(status, text)}`, status);
        if (status < 500 && status !== 429) throw last;
      } catch (error) {
        if (error === last) throw error;
        last = new ApiError(`${server.address}: ${(error as Error).message}`);
      }
    }
    throw last;
  }

  /** What is under way and whatever is asked from now on ends with an ApiError. */
  close(): void {
    this.#closed = true;
    this.#agent.destroy();
    this.#glances.destroy();
  }

  #inOrder(): readonly ApiServer[] {
    const servers = this.#options.servers().filter(({ mac }) => !this.#foreign.has(mac));
    return [...servers.filter(({ mac }) => mac === this.#preferred), ...servers.filter(({ mac }) => mac !== this.#preferred)];
  }

  #send({ address }: ApiServer, { method, path, content }: Question, agent: Agent): Promise<Reply> {
    if (this.#closed) return Promise.reject(new Error("nobody asks any more"));
    const { port = API_PORT, patience: both = PATIENCE } = this.#options;
    const patience = agent === this.#glances ? both.glance : both.answer;
    const signal = AbortSignal.timeout(patience);
    const headers = { Accept: "application/json", ...(content && described(content)) };
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => reject(signal.aborted ? new Error(`did not answer within ${patience / 1000} s`) : error);
      const asked = request({ host: address, port, method, path, headers, agent, servername: NAME, signal }, (answer) => {
        const parts: Buffer[] = [];
        const ends = Date.parse((answer.socket as TLSSocket).getPeerCertificate().valid_to);
        let length = 0;
        answer.on("data", (part: Buffer) => {
          length += part.length;
          if (length > LONGEST) asked.destroy(new Error(`its answer is longer than ${LONGEST} bytes`));
          else parts.push(part);
        });
        answer.on("error", failed);
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8"), ends }));
      });
      asked.on("error", failed);
      asked.end(content?.body);
    });
  }
}

/** With its length, which node leaves out of a DELETE: what follows would be taken for the next question. */
const described = ({ type, body }: Content) => ({ "Content-Type": type, "Content-Length": Buffer.byteLength(body) });

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(`${what}: the answer is no JSON`);
  }
}

function uidOf({ status, text }: Reply): string | undefined {
  if (status !== 200) return undefined;
  try {
    const { metadata } = JSON.parse(text) as { readonly metadata?: { readonly uid?: unknown } };
    return typeof metadata?.uid === "string" && metadata.uid !== "" ? metadata.uid : undefined;
  } catch {
    return undefined;
  }
}

/** The checks that /readyz says have failed: "etcd, poststarthook/rbac/bootstrap-roles". */
function failing(text: string): string | undefined {
  const names = [...text.matchAll(/^\[-\](\S+)/gm)].map(([, name]) => name);
  return names.length > 0 ? names.slice(0, 6).join(", ") : undefined;
}

/** A Status object's message, or the first words. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
function said(status: number, text: string): string {
  let message: unknown;
  try {
    message = (JSON.parse(text) as { readonly message?: unknown } | null)?.message;
  } catch {
    // /readyz answers in plain text
  }
  return `${status}, ${(typeof message === "string" ? message : text).replace(/\s+/g, " ").trim().slice(0, WORDS) || "without a word"}`;
}
