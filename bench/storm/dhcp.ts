/** DHCP as boot firmware and iPXE speak it: one socket for all machines, answers told apart by their transaction. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

export interface Reply {
  readonly type: number;
  readonly address: string;
  readonly nextServer: string;
  readonly bootFile: string;
  readonly serverId: Buffer | undefined;
}

export interface Client {
  readonly mac: Buffer;
  /** Sent with every message beside what the protocol asks for. */
  readonly options: readonly (readonly [code: number, value: Uint8Array])[];
  /** Milliseconds to wait for each answer; as many tries as there are waits. */
  readonly waits: readonly number[];
}

const [DISCOVER, OFFER, REQUEST, ACK, NAK] = [1, 2, 3, 5, 6] as const;
const COOKIE = 0x63825363;

export class Dhcp {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #transaction = 0x10000;
  retries = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (bytes) => {
      const transaction = bytes.length > 240 ? bytes.readUInt32BE(4) : 0;
      this.#waiting.get(transaction)?.(parse(bytes));
    });
  }

  static async open(): Promise<Dhcp> {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    socket.bind({ address: "0.0.0.0", port: 68 });
    await once(socket, "listening");
    socket.setBroadcast(true);
    socket.setRecvBufferSize(4 << 20);
    return new Dhcp(socket);
  }

  close(): void {
    this.#socket.close();
  }

  /** DISCOVER to ACK. Rejects when nobody answers. */
  async lease(client: Client): Promise<Reply> {
    for (let round = 0; round < 3; round++) {
      const offer = await this.#ask(client, DISCOVER, [], OFFER);
      const chosen = [
        [50, Buffer.from(offer.address.split(".").map(Number))],
        [54, offer.serverId ?? Buffer.alloc(4)],
      ] as const;
      const answer = await this.#ask(client, REQUEST, chosen, ACK, NAK);
      if (answer.type === ACK) return answer;
      this.retries += 1;
    }
    throw new Error("DHCP: refused three times");
  }

  #ask(client: Client, type: number, options: Client["options"], ...wanted: readonly number[]): Promise<Reply> {
    const transaction = this.#transaction++;
    const bytes = request(client, transaction, [[53, Uint8Array.of(type)], ...options, ...client.options]);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const send = (attempt: number): void => {
        const wait = client.waits[attempt];
        if (wait === undefined) {
          this.#waiting.delete(transaction);
          reject(new Error(`DHCP: nobody answered ${client.waits.length} messages of type ${type}`));
          return;
        }
        if (attempt > 0) this.retries += 1;
        this.#socket.send(bytes, 67, "255.255.255.255");
        timer = setTimeout(send, wait, attempt + 1);
      };
      this.#waiting.set(transaction, (reply) => {
        if (!wanted.includes(reply.type)) return;
        clearTimeout(timer);
        this.#waiting.delete(transaction);
        resolve(reply);
      });
      send(0);
    });
  }
}

/** BOOTREQUEST with the broadcast flag, as OVMF and iPXE set it. RFC 2131 §2. */
function request({ mac }: Client, transaction: number, options: Client["options"]): Buffer {
  const header = Buffer.alloc(240);
  header.set([1, 1, 6, 0]);
  header.writeUInt32BE(transaction, 4);
  header.writeUInt16BE(0x8000, 10);
  mac.copy(header, 28);
  header.writeUInt32BE(COOKIE, 236);
  const coded = options.map(([code, value]) => Buffer.concat([Buffer.of(code, value.length), value]));
  return Buffer.concat([header, ...coded, Buffer.of(255), Buffer.alloc(60)]);
}

function parse(bytes: Buffer): Reply {
  const options = new Map<number, Buffer>();
  for (let at = 240; at + 1 < bytes.length && bytes[at] !== 255; ) {
    if (bytes[at] === 0) {
      at += 1;
      continue;
    }
    const length = bytes[at + 1]!;
    options.set(bytes[at]!, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const field = (from: number, to: number): string => bytes.toString("latin1", from, to).replace(/\0.*$/s, "");
  return {
    type: options.get(53)?.[0] ?? 0,
    address: [...bytes.subarray(16, 20)].join("."),
    nextServer: [...bytes.subarray(20, 24)].join("."),
    bootFile: options.get(67)?.toString("latin1").replace(/\0+$/, "") ?? field(108, 236),
    serverId: options.get(54),
  };
}
