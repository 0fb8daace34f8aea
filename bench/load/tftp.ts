/** Many TFTP clients at once in one loop: each fetches the same file again and again until the time is over, and looks at every byte. */
import { Crowd, type Heard } from "./crowd.ts";
import { agreedIn, type Asked, writeRequest } from "./tftp-request.ts";

export interface TftpLoad extends Asked {
  /** The server's address as a number. */
  readonly server: number;
  readonly device: string;
  /** The first client's address as a number; each transfer is from the next one, 65,000 in all. */
  readonly hosts: number;
  readonly clients: number;
  /** Seconds before bytes are counted, and while they are. */
  readonly warmUp: number;
  readonly seconds: number;
}

export interface TftpResult {
  /** Payload that came in order within `seconds`, compared with the file. */
  readonly bytes: number;
  /** With those of the warm-up. */
  readonly allBytes: number;
  /** While they came; a little more than was asked for. */
  readonly seconds: number;
  readonly finished: number;
  /** Transfers that the server refused or let die, or whose bytes were not the file's. */
  readonly failed: number;
  /** Why the first of them failed. */
  readonly because?: string;
  /** Times that something had to be asked for again. */
  readonly repeats: number;
  /** Blocks before an ACK, as the server agreed to. */
  readonly windowSize: number;
  readonly blockSize: number;
}

/** Milliseconds until a client asks again, and how often it does. */
const PATIENCE = 1000;
const TRIES = 5;
const PORT = 50_000;
const HOSTS = 65_000;
const DATA = 3;
const ERROR = 5;
const OACK = 6;

class Client {
  host = 0;
  /** 0: the server has not answered yet. */
  port = 0;
  blockSize = 512;
  windowSize = 1;
  /** Bytes that came in order; the block that is due next follows from it. */
  got = 0;
  due = 1;
  /** Blocks since our last ACK. */
  since = 0;
  at = 0;
  tries = 0;
}

export function loadTftp(load: TftpLoad, content: Buffer): TftpResult {
  const crowd = new Crowd({ port: PORT, device: load.device, patience: 20 });
  const run = new Run(crowd, load, content);
  try {
    return run.go();
  } finally {
    crowd.close();
  }
}

class Run {
  readonly #crowd: Crowd;
  readonly #load: TftpLoad;
  readonly #content: Buffer;
  readonly #clients: Client[] = [];
  readonly #byHost = new Int32Array(HOSTS).fill(-1);
  #nextHost = Math.floor(Math.random() * HOSTS); // the last run's addresses may still be in the server's mind
  #now = 0;
  #bytes = 0;
  #finished = 0;
  #failed = 0;
  #repeats = 0;
  #because: string | undefined;
  #agreed = { blockSize: 512, windowSize: 1 };

  constructor(crowd: Crowd, load: TftpLoad, content: Buffer) {
    this.#crowd = crowd;
    this.#load = load;
    this.#content = content;
  }

  go(): TftpResult {
    const { clients, warmUp, seconds } = this.#load;
    this.#now = performance.now();
    for (let index = 0; index < clients; index++) {
      this.#clients.push(new Client());
      this.#ask(index);
    }
    this.#until(this.#now + warmUp * 1000);
    const [from, bytes, finished, repeats] = [this.#now, this.#bytes, this.#finished, this.#repeats];
    this.#until(this.#now + seconds * 1000);
    const result = {
      bytes: this.#bytes - bytes,
      allBytes: this.#bytes,
      seconds: (this.#now - from) / 1000,
      finished: this.#finished - finished,
      failed: this.#failed,
      ...(this.#because !== undefined && { because: this.#because }),
      repeats: this.#repeats - repeats,
      ...this.#agreed,
    };
    this.#giveUp();
    return result;
  }

  #until(end: number): void {
    const take = (heard: Heard): void => this.#take(heard);
    let looked = this.#now;
    while (this.#now < end) {
      this.#crowd.hear(take);
      this.#now = performance.now();
      if (this.#now - looked < 50) continue;
      looked = this.#now;
      for (let index = 0; index < this.#clients.length; index++) this.#lookAt(index);
    }
  }

  /** From an address of its own, so that nothing of an earlier transfer is taken for this one's. */
  #ask(index: number): void {
    const client = this.#clients[index]!;
    if (client.host !== 0) this.#byHost[client.host - this.#load.hosts] = -1;
    const place = this.#nextHost++ % HOSTS;
    this.#byHost[place] = index;
    client.host = this.#load.hosts + place;
    client.port = 0;
    client.blockSize = 512;
    client.windowSize = 1;
    client.got = 0;
    client.due = 1;
    client.since = 0;
    client.tries = 0;
    this.#request(client);
  }

  #request(client: Client): void {
    client.at = this.#now;
    writeRequest(this.#load, (length) => ({
      bytes: this.#crowd.bytes,
      at: this.#crowd.say(length, client.host, this.#load.server, 69),
    }));
  }

  #take({ bytes, at, length, host, from, port }: Heard): void {
    const index = this.#byHost[host - this.#load.hosts] ?? -1;
    const client = this.#clients[index];
    if (!client || from !== this.#load.server || length < 4) return;
    if (client.port === 0) client.port = port;
    else if (client.port !== port) return; // an earlier answer to a request that was repeated
    const op = bytes.readUInt16BE(at);
    if (op === DATA) this.#data(index, client, bytes, at, length);
    else if (op === OACK) this.#agree(client, bytes.subarray(at + 2, at + length));
    else if (op === ERROR) this.#fail(index, bytes.toString("latin1", at + 4, at + length - 1));
  }

  #agree(client: Client, bytes: Buffer): void {
    if (client.got > 0) return;
    const agreed = agreedIn(bytes);
    client.blockSize = agreed.blockSize;
    client.windowSize = agreed.windowSize;
    this.#agreed = agreed;
    this.#acknowledge(client);
  }

  #data(index: number, client: Client, bytes: Buffer, at: number, length: number): void {
    const block = bytes.readUInt16BE(at + 2);
    if (block !== client.due) {
      // RFC 7440 §4: what came behind a gap is asked for again, once; an old block is a repetition of the server's.
      const ahead = (block - client.due) & 0xffff;
      if (ahead < 0x8000 && client.since >= 0) {
        this.#repeats += 1;
        this.#acknowledge(client);
        client.since = -1;
      }
      return;
    }
    const size = length - 4;
    const end = client.got + size;
    if (bytes.compare(this.#content, client.got, end, at + 4, at + length) !== 0 || end > this.#content.length)
      return this.#fail(index, `block ${block} is not what the file holds there`);
    client.got = end;
    client.due = (client.due + 1) & 0xffff;
    client.since = Math.max(client.since, 0) + 1;
    client.tries = 0;
    client.at = this.#now;
    this.#bytes += size;
    const last = size < client.blockSize;
    if (last || client.since >= client.windowSize) this.#acknowledge(client);
    if (!last) return;
    if (end !== this.#content.length) return this.#fail(index, `it ended after ${end} of ${this.#content.length} bytes`);
    this.#finished += 1;
    this.#ask(index);
  }

  #acknowledge(client: Client): void {
    client.since = 0;
    client.at = this.#now;
    const at = this.#crowd.say(4, client.host, this.#load.server, client.port);
    this.#crowd.bytes.writeUInt32BE((4 << 16) | ((client.due - 1) & 0xffff), at);
  }

  #lookAt(index: number): void {
    const client = this.#clients[index]!;
    if (this.#now - client.at < PATIENCE) return;
    this.#repeats += 1;
    if (++client.tries > TRIES) this.#fail(index, "the server fell silent");
    else if (client.port === 0) this.#request(client);
    else this.#acknowledge(client);
  }

  #fail(index: number, because: string): void {
    this.#failed += 1;
    this.#because ??= because;
    this.#ask(index);
  }

  /** RFC 1350 §7: an error ends each transfer that is under way. */
  #giveUp(): void {
    for (const { host, port } of this.#clients) {
      if (port === 0) continue;
      const at = this.#crowd.say(9, host, this.#load.server, port);
      this.#crowd.bytes.write("\0\x05\0\0over\0", at, "latin1");
    }
    this.#crowd.flush();
  }
}
