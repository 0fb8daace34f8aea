/** Many TFTP clients at once in one loop: each fetches the same file again and again until the time is over, and looks at every byte. */
import { Crowd, type Heard } from "./crowd.ts";
import { TftpClient, type Verdict } from "./tftp-client.ts";
import { type Asked, agreedIn, writeRequest } from "./tftp-request.ts";

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
  /** Whole files. */
  readonly finished: number;
  /** Transfers that the server refused or let die, or whose bytes were not the file's. */
  readonly failed: number;
  /** Why the first of them failed. */
  readonly because?: string;
  /** Times that something had to be asked for again. */
  readonly repeats: number;
  /** Blocks before an ACK, as the server agreed to; 0: it never answered. */
  readonly windowSize: number;
}

/** Milliseconds until a client asks again, and how often it does. */
const PATIENCE = 1000;
const TRIES = 5;
const PORT = 50_000;
const HOSTS = 65_000;
const DATA = 3;
const ERROR = 5;
const OACK = 6;

/** A client's place: its transfer, from where, to where, and since when it waits. */
class Place {
  transfer = new TftpClient();
  host = 0;
  /** 0: the server has not answered yet. */
  port = 0;
  at = 0;
  tries = 0;
}

/** `content` is what the file holds. */
export function loadTftp(load: TftpLoad, content: Buffer): TftpResult {
  const crowd = new Crowd({ port: PORT, device: load.device, patience: 20 });
  try {
    return new Run(crowd, load, content).go();
  } finally {
    crowd.close();
  }
}

class Run {
  readonly #crowd: Crowd;
  readonly #load: TftpLoad;
  readonly #content: Buffer;
  readonly #places: Place[] = [];
  readonly #byHost = new Int32Array(HOSTS).fill(-1);
  #nextHost = Math.floor(Math.random() * HOSTS); // the last run's addresses may still be in the server's mind
  #now = performance.now();
  #bytes = 0;
  #finished = 0;
  #failed = 0;
  #repeats = 0;
  #because: string | undefined;
  #windowSize = 0;

  constructor(crowd: Crowd, load: TftpLoad, content: Buffer) {
    this.#crowd = crowd;
    this.#load = load;
    this.#content = content;
  }

  go(): TftpResult {
    const { clients, warmUp, seconds } = this.#load;
    for (let index = 0; index < clients; index++) {
      this.#places.push(new Place());
      this.#begin(index);
    }
    this.#until(this.#now + warmUp * 1000);
    const [from, bytes] = [this.#now, this.#bytes];
    this.#until(this.#now + seconds * 1000);
    const result = {
      bytes: this.#bytes - bytes,
      allBytes: this.#bytes,
      seconds: (this.#now - from) / 1000,
      finished: this.#finished,
      failed: this.#failed,
      ...(this.#because !== undefined && { because: this.#because }),
      repeats: this.#repeats,
      windowSize: this.#windowSize,
    };
    this.#giveUp();
    return result;
  }

  #until(end: number): void {
    const take = (heard: Heard): void => this.#take(heard);
    for (let looked = this.#now; this.#now < end; ) {
      this.#crowd.hear(take);
      this.#now = performance.now();
      if (this.#now - looked < 50) continue;
      looked = this.#now;
      for (let index = 0; index < this.#places.length; index++) this.#lookAt(index);
    }
  }

  /** From an address of its own, so that nothing of an earlier transfer is taken for this one's. */
  #begin(index: number): void {
    const place = this.#places[index]!;
    if (place.host !== 0) this.#byHost[place.host - this.#load.hosts] = -1;
    const number = this.#nextHost++ % HOSTS;
    this.#byHost[number] = index;
    place.host = this.#load.hosts + number;
    place.port = 0;
    place.tries = 0;
    place.transfer = new TftpClient();
    this.#request(place);
  }

  #request(place: Place): void {
    place.at = this.#now;
    const { server } = this.#load;
    writeRequest(this.#load, (length) => ({ at: this.#crowd.say(length, place.host, server, 69), bytes: this.#crowd.bytes }));
  }

  #take({ bytes, at, length, host, from, port }: Heard): void {
    const index = this.#byHost[host - this.#load.hosts] ?? -1;
    const place = this.#places[index];
    if (!place || from !== this.#load.server || length < 4) return;
    if (place.port === 0) place.port = port;
    else if (place.port !== port) return; // a second answer to a request that was repeated
    const op = bytes.readUInt16BE(at);
    if (op === DATA) {
      this.#windowSize ||= 1; // it ignored every option, this one too
      const before = place.transfer.got;
      const verdict = place.transfer.data(bytes, at, length, this.#content);
      this.#bytes += place.transfer.got - before;
      if (place.transfer.got > before) place.tries = 0;
      this.#obey(index, place, verdict);
    } else if (op === OACK) {
      const agreed = agreedIn(bytes.subarray(at + 2, at + length));
      this.#windowSize = agreed.windowSize;
      this.#obey(index, place, place.transfer.agree(agreed));
    } else if (op === ERROR) this.#fail(index, bytes.toString("latin1", at + 4, at + length).replace(/\0.*/s, ""));
  }

  #obey(index: number, place: Place, verdict: Verdict): void {
    if (verdict === "wait") return;
    if (typeof verdict === "object") {
      this.#fail(index, verdict.because);
      return;
    }
    if (verdict === "again") this.#repeats += 1;
    this.#acknowledge(place);
    if (verdict !== "done") return;
    this.#finished += 1;
    this.#begin(index);
  }

  #acknowledge(place: Place): void {
    place.at = this.#now;
    const at = this.#crowd.say(4, place.host, this.#load.server, place.port);
    this.#crowd.bytes.writeUInt32BE((4 << 16) | place.transfer.acknowledge(), at);
  }

  #lookAt(index: number): void {
    const place = this.#places[index]!;
    if (this.#now - place.at < PATIENCE) return;
    this.#repeats += 1;
    place.tries += 1;
    if (place.tries > TRIES) this.#fail(index, "the server fell silent");
    else if (place.port === 0) this.#request(place);
    else this.#acknowledge(place);
  }

  #fail(index: number, because: string): void {
    this.#failed += 1;
    this.#because ??= because;
    this.#begin(index);
  }

  /** RFC 1350 §7: an error ends each transfer that is under way. */
  #giveUp(): void {
    for (const { host, port } of this.#places) {
      if (port === 0) continue;
      const at = this.#crowd.say(9, host, this.#load.server, port);
      this.#crowd.bytes.write("\0\x05\0\0over\0", at, "latin1");
    }
    this.#crowd.flush();
  }
}
