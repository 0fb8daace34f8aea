/** A small HTTP client that binds to a machine's own address; what it downloads is counted, and kept only when it is short. */
import { connect as connectPlain, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, createSecureContext, type SecureContext } from "node:tls";

export interface Answer {
  readonly status: number;
  /** Of the body. */
  readonly length: number;
  /** The body, unless it is longer than `KEPT`. */
  readonly text: string;
}

export interface Ask {
  readonly method?: "GET" | "POST";
  readonly token?: string;
  readonly form?: string;
}

const KEPT = 1 << 17;
/** Milliseconds without a byte. */
const PATIENCE = 30_000;
const pool = Buffer.allocUnsafe(1 << 18);

export function secureContext(ca: string): SecureContext {
  return createSecureContext({ ca });
}

/** One connection, and the requests made over it one after another. */
export class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  #reading: Reading | undefined;
  #broken: Error | undefined;

  /** `secure`: over TLS, believing only what that context believes. */
  static open(host: string, from: string, secure?: SecureContext): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const port = secure ? 443 : 80;
      let connection: Connection | undefined;
      const onread = { buffer: pool, callback: (length: number, bytes: Uint8Array) => connection!.#take(bytes.subarray(0, length)) };
      const place = { host, port, localAddress: from };
      const socket = secure ? connectTls({ ...place, secureContext: secure } as ConnectionOptions) : connectPlain({ ...place, onread });
      socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`HTTP: port ${port} was silent for ${PATIENCE / 1000} s`)));
      if (secure) socket.on("data", (bytes: Buffer) => connection!.#take(bytes));
      socket.once("error", reject);
      socket.once(secure ? "secureConnect" : "connect", () => {
        connection = new Connection(socket, host);
        resolve(connection);
      });
    });
  }

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("HTTP: the connection was closed before the answer was whole")));
  }

  ask(path: string, { method = "GET", token, form }: Ask = {}): Promise<Answer> {
    const lines = [
      `${method} ${path} HTTP/1.1`,
      `Host: ${this.#host}`,
      "User-Agent: storm",
      ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
      ...(method === "POST" ? ["Content-Type: application/x-www-form-urlencoded", `Content-Length: ${form?.length ?? 0}`] : []),
    ];
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken);
      this.#reading = new Reading(resolve, reject);
      this.#socket.write(`${lines.join("\r\n")}\r\n\r\n${form ?? ""}`);
    });
  }

  close(): void {
    this.#reading = undefined;
    this.#socket.destroy();
  }

  #take(bytes: Uint8Array): boolean {
    if (this.#reading?.take(bytes)) this.#reading = undefined;
    return true;
  }

  #end(error: Error): void {
    this.#broken = error;
    this.#reading?.reject(error);
    this.#reading = undefined;
  }
}

/** One answer as it comes in. Every server here says how long its answers are. */
class Reading {
  readonly #resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  #head = Buffer.alloc(0);
  #status = 0;
  #length = 0;
  #received = 0;
  readonly #kept: Buffer[] = [];

  constructor(resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.reject = reject;
  }

  /** Whether the answer is whole. */
  take(bytes: Uint8Array): boolean {
    if (this.#status > 0) return this.#body(bytes);
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#head.toString("latin1", 0, end);
    this.#status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 599);
    this.#length = Number(/\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    return this.#body(this.#head.subarray(end + 4));
  }

  #body(bytes: Uint8Array): boolean {
    this.#received += bytes.length;
    if (this.#length <= KEPT) this.#kept.push(Buffer.from(bytes));
    if (this.#received < this.#length) return false;
    this.#resolve({ status: this.#status, length: this.#received, text: Buffer.concat(this.#kept).toString("latin1") });
    return true;
  }
}
