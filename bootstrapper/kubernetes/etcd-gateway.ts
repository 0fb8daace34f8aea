/** etcd as we speak to it: its JSON gateway, at each member's own address, with the client certificate of the bsroot. https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/ */
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { TLSSocket } from "node:tls";
import { ETCD_CLIENT_PORT } from "../../cluster/kubernetes/etcd.ts";
import { layout } from "../../cluster/layout.ts";
import type { Credentials } from "./api.ts";
import { credentialsOf } from "./credentials.ts";
import { type Member, readMembers, readStatus, type Status, snapshotBlobs } from "./etcd-answers.ts";

export interface EtcdOptions {
  readonly credentials: Credentials;
  readonly port?: number;
  /** Milliseconds for one answer, whole; a snapshot may take as long between two of its pieces. */
  readonly patience?: number;
}

export class EtcdError extends Error {
  override readonly name = "EtcdError";
}

const PATIENCE = 10_000;
/** Bytes of an answer that is no snapshot. */
const LONGEST = 4 * 1024 * 1024;
/** Characters of a refusal. */
const WORDS = 4096;

/** With what the bsroot has for it. Rejects when something is missing. */
export async function openEtcd({
  readSecret,
  etcdPort,
}: {
  /** The bytes of a file below tls/ of the bsroot. */
  readSecret(path: string): Promise<Uint8Array>;
  readonly etcdPort?: number;
}): Promise<EtcdGateway> {
  const { etcdCa: ca, etcdClient: cert, etcdClientKey: key } = layout.tls;
  const credentials = await credentialsOf(readSecret, { ca, cert, key });
  return new EtcdGateway({ credentials, ...(etcdPort !== undefined && { port: etcdPort }) });
}

export class EtcdGateway {
  readonly #options: EtcdOptions;
  readonly #agent: Agent;
  readonly #ends = new Map<string, number>();

  constructor(options: EtcdOptions) {
    this.#options = options;
    // A resumed TLS session does not tell the certificate, whose end is asked for.
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, maxCachedSessions: 0, minVersion: "TLSv1.2", ...options.credentials });
  }

  /** All members, as the one at this address knows them. Rejects with EtcdError. */
  async members(address: string): Promise<readonly Member[]> {
    return readMembers(await this.#ask(address, "cluster/member/list"));
  }

  /** How the member at this address is. Rejects with EtcdError when it does not answer. */
  async status(address: string): Promise<Status> {
    return readStatus(await this.#ask(address, "maintenance/status"));
  }

  /** When the certificate ends that the member at this address showed last, milliseconds since 1970; undefined when it showed none. */
  endOf(address: string): number | undefined {
    return this.#ends.get(address);
  }

  /** `id`: decimal. Rejects with EtcdError. */
  async remove(address: string, id: string): Promise<void> {
    await this.#ask(address, "cluster/member/remove", { ID: id });
  }

  /** The database of the member at this address, piece by piece, with etcd's own hash at its end. */
  async *snapshot(address: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { answer, silence } = await this.#send(address, "maintenance/snapshot", {}, signal);
    try {
      yield* snapshotBlobs(answer, silence.heard);
    } catch (error) {
      throw new EtcdError(`${address}: the snapshot broke off: ${silence.because() ?? (error as Error).message}`);
    } finally {
      silence.end();
      answer.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(address: string, what: string, body: object = {}): Promise<unknown> {
    const { answer, silence } = await this.#send(address, what, body);
    try {
      const parts: Buffer[] = [];
      let length = 0;
      for await (const part of answer as AsyncIterable<Buffer>) {
        length += part.length;
        if (length > LONGEST) throw new Error(`its answer is longer than ${LONGEST} bytes`);
        parts.push(part);
      }
      return JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown;
    } catch (error) {
      throw new EtcdError(`${address}: ${what}: ${silence.because() ?? (error as Error).message}`);
    } finally {
      silence.end();
      answer.destroy();
    }
  }

  #send(
    address: string,
    what: string,
    body: object,
    signal?: AbortSignal,
  ): Promise<{ readonly answer: IncomingMessage; readonly silence: Silence }> {
    const { port = ETCD_CLIENT_PORT, patience = PATIENCE } = this.#options;
    const text = JSON.stringify(body);
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
      const asked = request({
        host: address,
        port,
        method: "POST",
        path: `/v3/${what}`,
        headers,
        agent: this.#agent,
        ...(signal && { signal }),
      });
      const silence = new Silence(patience, () => asked.destroy(new Error("silent")));
      asked.on("error", (error) => {
        silence.end();
        reject(new EtcdError(`${address}: ${what}: ${silence.because() ?? error.message}`));
      });
      asked.on("response", (answer) => {
        silence.heard();
        const ends = Date.parse((answer.socket as TLSSocket).getPeerCertificate().valid_to);
        if (Number.isFinite(ends)) this.#ends.set(address, ends);
        if (answer.statusCode === 200) {
          resolve({ answer, silence });
          return;
        }
        void reasonOf(answer).then((reason) => {
          silence.end();
          reject(new EtcdError(`${address}: ${what}: it answers ${answer.statusCode}${reason && `: ${reason}`}`));
        });
      });
      asked.end(text);
    });
  }
}

/** What it says of its refusal: "etcdserver: unhealthy cluster". Never rejects. */
async function reasonOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      text += part.toString("utf8");
      if (text.length > WORDS) break;
    }
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === "string" ? message : "";
  } catch {
    return text.replace(/\s+/g, " ").trim().slice(0, 200);
  }
}

/** Ends what nothing is heard of for too long. */
class Silence {
  readonly #patience: number;
  readonly #end: () => void;
  #timer: NodeJS.Timeout;
  #late = false;

  constructor(patience: number, end: () => void) {
    this.#patience = patience;
    this.#end = end;
    this.#timer = this.#wait();
  }

  heard = (): void => {
    clearTimeout(this.#timer);
    this.#timer = this.#wait();
  };
  because = (): string | undefined => (this.#late ? `nothing was heard for ${this.#patience / 1000} s` : undefined);
  end = (): void => clearTimeout(this.#timer);

  #wait(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#late = true;
      this.#end();
    }, this.#patience);
  }
}
