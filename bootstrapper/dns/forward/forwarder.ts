/** Asks the upstream servers what we do not know: one question at a time for all who ask it, one server after the other. */
import type { UdpPeer } from "../../wire/udp.ts";
import type { Query } from "../message.ts";
import { RCODES } from "../numbers.ts";
import { Cache, type Hit } from "./cache.ts";
import { chanceFor, shuffled } from "./case.ts";
import { judge, question, type Response } from "./relay.ts";
import { type Health, Servers } from "./servers.ts";

/**
 * Sends `bytes` to a server and resolves with the first response that `fits`; undefined when none came in time, or when one
 * came after which it is of no use to wait for others.
 */
export type Exchange = (
  server: UdpPeer,
  bytes: Uint8Array,
  fits: (answer: Uint8Array) => Response | "no use" | undefined,
  patience: number,
) => Promise<Response | undefined>;

export interface ForwardOptions {
  readonly over: { readonly udp: Exchange; readonly tcp: Exchange };
  readonly now: () => number;
  /** Not to be guessed (RFC 5452 §9.2). */
  readonly random: (bytes: number) => Uint8Array;
  /** What the operator should know: a server that is silent, an answer that is forged. */
  onTrouble(text: string): void;
  /** Milliseconds that one server has. */
  readonly patience?: number;
}

export type Outcome = Hit | { readonly because: string };

/** Questions that wait for upstream servers at one time, and clients that wait for them. */
const QUESTIONS = 256;
const CLIENTS = 2048;
/** All turns end before a client's own patience does: resolvers wait 5 s before they ask again. */
const PATIENCE = 1500;
/** A single server is asked so often, for datagrams get lost; of many, the best so many. */
const TURNS = 3;

export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #cache = new Cache();
  readonly #servers = new Servers();
  readonly #waiting = new Map<string, Promise<Outcome>>();
  #clients = 0;
  #closed = false;

  constructor(options: ForwardOptions) {
    this.#options = options;
  }

  /** What is known without asking. */
  known(query: Query): Hit | undefined {
    return this.#cache.get(keyOf(query), this.#options.now());
  }

  /** A question that comes back to us in a circle of servers joins itself here and goes out no second time. */
  async resolve(query: Query, servers: readonly UdpPeer[]): Promise<Outcome> {
    const known = this.known(query);
    if (known) return known;
    const key = keyOf(query);
    const joined = this.#waiting.get(key);
    if (this.#clients >= CLIENTS || (!joined && this.#waiting.size >= QUESTIONS))
      return this.#stale(key) ?? { because: "too many questions wait for the upstream servers" };
    // Asked only after it is known to wait, or a circle would not meet itself.
    const asking =
      joined ??
      Promise.resolve()
        .then(() => this.#ask(query, servers, key))
        .finally(() => this.#waiting.delete(key));
    this.#waiting.set(key, asking);
    this.#clients += 1;
    try {
      return await asking;
    } finally {
      this.#clients -= 1;
    }
  }

  /** What was learned may be wrong now: other servers are to be asked. */
  forget(): void {
    this.#cache.clear();
  }

  /** Asks nobody any more; whoever waits hears so. */
  close(): void {
    this.#closed = true;
  }

  async #ask(query: Query, servers: readonly UdpPeer[], key: string): Promise<Outcome> {
    const { now, onTrouble } = this.#options;
    let refused: Response | undefined;
    const order = this.#servers.inOrder(servers, now());
    for (let turn = 0; turn < TURNS && !this.#closed; turn++) {
      const server = order[turn % order.length]!;
      const began = now();
      const response = await this.#askOne(server, query);
      if (!response) {
        this.#servers.wasSilent(server, now());
        onTrouble(`upstream ${server.peer.address} gave no usable answer about ${query.name || "."} in time`);
        continue;
      }
      this.#servers.answered(server, Math.max(0, now() - began));
      if (response.rcode !== RCODES.noError && response.rcode !== RCODES.nxDomain) {
        refused ??= response;
        continue;
      }
      this.#cache.put(key, response, now());
      return { response, age: 0 };
    }
    const rest = refused && refused.rcode <= 15 ? { response: refused, age: 0 } : { because: "no upstream server answered" };
    return this.#stale(key) ?? rest;
  }

  #stale(key: string): Hit | undefined {
    return this.#cache.stale(key, this.#options.now());
  }

  async #askOne(server: Health, query: Query): Promise<Response | undefined> {
    const { over, random, patience = PATIENCE } = this.#options;
    const id = Buffer.from(random(2)).readUInt16BE(0);
    const raw = server.mangles ? query.raw : shuffled(query.raw, random(chanceFor(query.raw)));
    const bytes = question(query, raw, id);
    let mangled: Response | undefined;
    const fits = (answer: Uint8Array): Response | "no use" | undefined => {
      const judged = judge(answer, { id, raw });
      if ("response" in judged) return judged.response;
      if (judged.mangled && server.mangles) return judged.mangled;
      if (judged.mangled) mangled = judged.mangled;
      else this.#options.onTrouble(`dropped an answer in the name of upstream ${server.peer.address}: ${judged.because}`);
      return judged.mangled ? "no use" : undefined;
    };
    const response = await over.udp(server.peer, bytes, fits, this.#servers.patience(server, patience));
    if (mangled && !response) return this.#askMangling(server, query);
    // RFC 7766 §5: what does not fit a datagram is asked for over TCP. Without it the client hears TC and may ask over TCP itself.
    return response?.truncated ? ((await over.tcp(server.peer, bytes, fits, patience)) ?? response) : response;
  }

  /** Either it does not repeat letters, or somebody forges its answers: over TCP nobody can, and what it does there it always does. */
  async #askMangling(server: Health, query: Query): Promise<Response | undefined> {
    const { over, random, onTrouble, patience = PATIENCE } = this.#options;
    const id = Buffer.from(random(2)).readUInt16BE(0);
    const raw = shuffled(query.raw, random(chanceFor(query.raw)));
    let mangles = false;
    const fits = (answer: Uint8Array): Response | undefined => {
      const judged = judge(answer, { id, raw });
      if ("response" in judged) return judged.response;
      mangles = judged.mangled !== undefined;
      return judged.mangled;
    };
    const response = await over.tcp(server.peer, question(query, raw, id), fits, patience);
    if (response && !mangles) return response;
    server.mangles = true;
    onTrouble(`upstream ${server.peer.address} does not repeat capitals as they are asked; forged answers in its name are easier to make`);
    return response ?? (await this.#askOne(server, query)); // it may not serve TCP at all
  }
}

const keyOf = ({ name, type, class: class_, checkingDisabled, edns }: Query): string =>
  `${name} ${type} ${class_} ${checkingDisabled ? 1 : 0}${edns ? (edns.dnssecOk ? 2 : 1) : 0}`;
