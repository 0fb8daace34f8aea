/** Many DHCP clients at once in one loop: each is a new machine that goes from DISCOVER to ACK, and the next one takes its place. */
import { Crowd, type Heard } from "./crowd.ts";
import { ACK, MESSAGE_SIZE, NAK, OFFER, type Reply, readReply, scattered, writeMessage } from "./dhcp-message.ts";

export interface DhcpLoad {
  /** Our own address on the wire, as a number. */
  readonly host: number;
  readonly device: string;
  /** Machines under way at any time. */
  readonly clients: number;
  /** Machines in all; they are those from number `first` on. */
  readonly machines: number;
  readonly first: number;
  /** Seconds after which no further machine begins, and those after which nobody is waited for. */
  readonly seconds: number;
  readonly patience: number;
}

export interface DhcpResult {
  readonly leases: number;
  /** From the first DISCOVER to each ACK, in order. */
  readonly endings: readonly number[];
  /** Of the whole run. */
  readonly seconds: number;
  /** Milliseconds from a machine's first DISCOVER to its ACK. */
  readonly latencies: readonly number[];
  /** Machines that got no address in time. */
  readonly failed: number;
  /** Addresses that were given to two machines: must be 0. */
  readonly twice: number;
  readonly repeats: number;
  readonly naks: number;
}

const EVERYBODY = 0xffffffff;
/** Milliseconds until a machine asks again: iPXE's, doubled each time, and scattered as RFC 2131 §4.1 wants it. */
const PATIENCE = 1000;
const SLOWEST = 8000;

class Client {
  /** -1: none. */
  machine = -1;
  mac = 0;
  /** Of this try of this machine. */
  transaction = 0;
  address = 0;
  server = 0;
  /** What was said last: 1 DISCOVER, 3 REQUEST. */
  said = 1;
  begunAt = 0;
  at = 0;
  pause = PATIENCE;
  /** `pause`, more or less. */
  wait = PATIENCE;
}

export function loadDhcp(load: DhcpLoad): DhcpResult {
  const crowd = new Crowd({ port: 68, device: load.device, patience: 20 });
  try {
    return new Run(crowd, load).go();
  } finally {
    crowd.close();
  }
}

class Run {
  readonly #crowd: Crowd;
  readonly #load: DhcpLoad;
  readonly #clients: Client[] = [];
  readonly #owners = new Map<number, number>();
  readonly #latencies: number[] = [];
  readonly #endings: number[] = [];
  readonly #reply: Reply = { transaction: 0, mac: 0, kind: 0, address: 0, server: 0 };
  #next = 0;
  #under = 0;
  #now = performance.now();
  #ends = 0;
  #naks = 0;
  #twice = 0;
  #repeats = 0;

  constructor(crowd: Crowd, load: DhcpLoad) {
    this.#crowd = crowd;
    this.#load = load;
  }

  go(): DhcpResult {
    const { clients, seconds, patience } = this.#load;
    const from = this.#now;
    this.#ends = from + seconds * 1000;
    for (let index = 0; index < clients; index++) {
      this.#clients.push(new Client());
      this.#begin(index);
    }
    const take = (heard: Heard): void => this.#take(heard);
    for (let looked = from; this.#under > 0 && this.#now < from + patience * 1000; ) {
      this.#crowd.hear(take);
      this.#now = performance.now();
      if (this.#now - looked < 20) continue;
      looked = this.#now;
      for (let index = 0; index < clients; index++) this.#lookAt(index);
    }
    return {
      leases: this.#latencies.length,
      endings: this.#endings.map((at) => (at - from) / 1000),
      seconds: (this.#now - from) / 1000,
      latencies: this.#latencies,
      failed: this.#under,
      twice: this.#twice,
      repeats: this.#repeats,
      naks: this.#naks,
    };
  }

  /** The next machine takes this place, if there is one and time for it. */
  #begin(index: number): void {
    const client = this.#clients[index]!;
    if (this.#next === this.#load.machines || this.#now >= this.#ends) {
      client.machine = -1;
      return;
    }
    client.machine = this.#load.first + this.#next++;
    client.mac = scattered(client.machine);
    client.begunAt = this.#now;
    client.pause = PATIENCE;
    this.#under += 1;
    this.#discover(index);
  }

  /** The transaction's low bits are the client's place here, so that an answer finds it at once. */
  #discover(index: number): void {
    const client = this.#clients[index]!;
    client.transaction = ((Math.floor(Math.random() * 0x10000) << 16) | index) >>> 0;
    client.said = 1;
    this.#say(client);
  }

  #say(client: Client): void {
    client.at = this.#now;
    client.wait = client.pause * (0.5 + Math.random());
    const { host } = this.#load;
    const at = this.#crowd.say(MESSAGE_SIZE, host, EVERYBODY, 67);
    const length = writeMessage(this.#crowd.bytes, at, client.transaction, client.mac, client.said === 3 ? client : undefined);
    this.#crowd.shorten(length);
  }

  #take({ bytes, at, length }: Heard): void {
    const reply = this.#reply;
    if (!readReply(bytes, at, length, reply)) return;
    const index = reply.transaction & 0xffff;
    const client = this.#clients[index];
    if (!client || client.machine < 0 || client.transaction !== reply.transaction || client.mac !== reply.mac) return;
    if (reply.kind === OFFER && client.said === 1) {
      client.address = reply.address;
      client.server = reply.server;
      client.said = 3;
      this.#say(client);
    } else if (reply.kind === ACK && client.said === 3) this.#bound(index, client, reply.address);
    else if (reply.kind === NAK && client.said === 3) {
      this.#naks += 1;
      this.#discover(index);
    }
  }

  #bound(index: number, client: Client, address: number): void {
    if (this.#owners.has(address)) this.#twice += 1;
    this.#owners.set(address, client.machine);
    const at = performance.now();
    this.#endings.push(at);
    this.#latencies.push(at - client.begunAt);
    this.#under -= 1;
    this.#begin(index);
  }

  #lookAt(index: number): void {
    const client = this.#clients[index]!;
    if (client.machine < 0 || this.#now - client.at < client.wait) return;
    client.pause = Math.min(SLOWEST, client.pause * 2);
    this.#repeats += 1;
    if (client.said === 3 && client.pause < SLOWEST) this.#say(client);
    else this.#discover(index);
  }
}
