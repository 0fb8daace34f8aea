/** Asks the upstream servers what we do not know: one question at a time for all who ask it, one server after the other. */
import type { UdpPeer } from "../wire/udp.ts";
import { RCODES } from "./answer.ts";
import { Cache, type Hit } from "./cache.ts";
import type { Query } from "./message.ts";
import { type Judged, judge, question, type Response } from "./relay.ts";

/** Sends `bytes` to a server and resolves with the first response that `fits`; undefined when none came in time. */
export type Exchange = (
  server: UdpPeer,
  bytes: Uint8Array,
  fits: (answer: Uint8Array) => Response | undefined,
  patience: number,
) => Promise<Response | undefined>;

export interface ForwardOptions {
  readonly servers: readonly UdpPeer[];
  readonly over: { readonly udp: Exchange; readonly tcp: Exchange };
  readonly now: () => number;
  /** 0 to 65535, not to be guessed (RFC 5452 §9.2). */
  readonly randomId: () => number;
  /** What the operator should know: a server that is silent, an answer that is forged. */
  onTrouble(text: string): void;
  /** Milliseconds that one server has. */
  readonly patience?: number;
}

export type Outcome = Hit | { readonly because: string };

/** Questions that wait for upstream servers at one time, and clients that wait for them. */
const QUESTIONS = 256;
const CLIENTS = 2048;
/** Two turns end before a client's own patience does: resolvers wait 5 s before they ask again. */
const PATIENCE = 1500;
/** A single server is asked twice: a datagram may get lost. */
const TURNS = 2;

export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #cache = new Cache();
  readonly #waiting = new Map<string, Promise<Outcome>>();
  #clients = 0;
  /** The server that answered last is asked first. */
  #first = 0;
  #closed = false;

  constructor(options: ForwardOptions) {
    this.#options = options;
  }

  /** A question that comes back to us in a circle of servers joins itself here and goes out no second time. */
  async resolve(query: Query): Promise<Outcome> {
    const key = [
      query.name.toLowerCase(),
      query.type,
      query.class,
      query.checkingDisabled,
      query.edns !== undefined,
      query.edns?.dnssecOk,
    ].join(" ");
    const known = this.#cache.get(key, this.#options.now());
    if (known) return known;
    const joined = this.#waiting.get(key);
    if (this.#clients >= CLIENTS || (!joined && this.#waiting.size >= QUESTIONS))
      return { because: "too many questions wait for the upstream servers" };
    // Asked only after it is known to wait, or a circle would not meet itself.
    const asking =
      joined ??
      Promise.resolve()
        .then(() => this.#ask(query, key))
        .finally(() => this.#waiting.delete(key));
    this.#waiting.set(key, asking);
    this.#clients += 1;
    try {
      return await asking;
    } finally {
      this.#clients -= 1;
    }
  }

  /** Asks nobody any more; whoever waits hears so. */
  close(): void {
    this.#closed = true;
  }

  async #ask(query: Query, key: string): Promise<Outcome> {
    const { servers, now, onTrouble } = this.#options;
    let refused: Response | undefined;
    const turns = Math.max(TURNS, servers.length);
    for (let turn = 0, first = this.#first; turn < turns && !this.#closed; turn++) {
      const index = (first + turn) % servers.length;
      const response = await this.#askOne(servers[index]!, query);
      if (!response) {
        onTrouble(`upstream ${servers[index]!.address} gave no usable answer about ${query.name} in time`);
        continue;
      }
      if (response.rcode !== RCODES.noError && response.rcode !== RCODES.nxDomain) {
        refused ??= response;
        continue;
      }
      this.#first = index;
      this.#cache.put(key, response, now());
      return { response, age: 0 };
    }
    return refused && refused.rcode <= 15 ? { response: refused, age: 0 } : { because: "no upstream server answered" };
  }

  async #askOne(server: UdpPeer, query: Query): Promise<Response | undefined> {
    const { over, randomId, patience = PATIENCE } = this.#options;
    const id = randomId();
    const bytes = question(query, id);
    const fits = (answer: Uint8Array): Response | undefined => this.#fitting(server, judge(answer, { id, raw: query.raw }));
    const response = await over.udp(server, bytes, fits, patience);
    // RFC 7766 §5: what does not fit a datagram is asked for over TCP. Without it the client hears TC and may ask over TCP itself.
    return response?.truncated ? ((await over.tcp(server, bytes, fits, patience)) ?? response) : response;
  }

  #fitting(server: UdpPeer, judged: Judged): Response | undefined {
    if ("response" in judged) return judged.response;
    this.#options.onTrouble(`dropped an answer in the name of upstream ${server.address}: ${judged.because}`);
    return undefined;
  }
}
