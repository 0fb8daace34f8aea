/** One message in, its answer out: what both the UDP and the TCP side of the server do. Nothing waits that need not. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import { WireError } from "../wire/error.ts";
import type { UdpPeer } from "../wire/udp.ts";
import { answer } from "./answer.ts";
import type { Clients } from "./clients.ts";
import { cookieFor, isGenuine } from "./cookies.ts";
import { optRecord } from "./edns.ts";
import type { Hit } from "./forward/cache.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import { relay } from "./forward/relay.ts";
import type { LeaseWatch } from "./lease-watch.ts";
import type { Leases } from "./leases.ts";
import { type Query, readQuery, udpLimit } from "./message.ts";
import { EXPLANATIONS, RCODES, TYPES, typeName } from "./numbers.ts";
import type { PacketCache } from "./packet-cache.ts";
import { serialOf } from "./record.ts";
import { NOTHING, type Reply, writeReply } from "./reply.ts";
import type { Serial } from "./serial.ts";
import { transferMessages, zoneRecords } from "./transfer.ts";
import { Replays } from "./tsig/replays.ts";
import { Signer, signRefusal } from "./tsig/sign.ts";
import type { Key } from "./tsig/tsig.ts";
import { type Keys, type Verdict, verify } from "./tsig/verify.ts";
import { turns } from "./turns.ts";
import type { Book } from "./update/book.ts";
import type { Zone } from "./zone/zone.ts";
import type { Zones } from "./zone/zones.ts";

/** Over TCP a copy of a zone is a row of messages. Undefined: silence. */
export type Answer = Buffer | Iterable<Buffer> | undefined;
export type Over = "udp" | "tcp";

/** What a description says, and what an operator may change while we serve. */
export interface Configuration {
  readonly zones: Zones;
  readonly keys: Keys;
  readonly upstream: readonly UdpPeer[];
  /** Where a server of a conditional forward listens. */
  at(server: Ipv4): UdpPeer;
}

export interface Parts {
  configuration(): Configuration;
  readonly leases: Leases;
  readonly watch: LeaseWatch;
  readonly serial: Serial;
  readonly book: Book;
  readonly forwarder: Forwarder;
  readonly clients: Clients;
  readonly packets: PacketCache;
  /** For cookies. */
  readonly secret: Uint8Array;
  readonly journal: Journal;
  /** Hears what anybody on the network can cause. */
  readonly complain: Journal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that never run backwards. */
  readonly clock: () => number;
}

const TCP_SIZE = 0xffff;

interface Client {
  readonly address: Ipv4;
  readonly over: Over;
  readonly ours: boolean;
  /** The key that signed the message. */
  readonly key?: Key;
  /** Bytes it takes. */
  readonly limit: number;
  readonly cookie?: Buffer;
  /** Its address is its own: it brought our cookie, or speaks TCP. */
  readonly genuine: boolean;
}

export class Resolver {
  readonly #parts: Parts;
  #turn = 0;
  readonly #replays = new Replays<Promise<Buffer>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Never throws or rejects because of what a message holds. */
  resolve(message: Uint8Array, address: Ipv4, over: Over): Answer | Promise<Answer> {
    const received = readQuery(message);
    if (received.got === "refusal" || received.got === "noise")
      this.#parts.complain({ from: "dns", level: "refused", text: `${address} sent what is no question: ${received.because}` });
    if (received.got === "noise") return undefined;
    const client = this.#clientOf(address, over, "query" in received ? received.query : undefined);
    const allowance = client.ours || client.genuine ? "answer" : this.#parts.clients.allowance(address, this.#parts.now());
    if (allowance === "silence") return undefined;
    if (received.got === "refusal") return received.reply;
    const { query } = received;
    if (allowance === "truncated") return writeReply(query, NOTHING, { recursion: false, limit: 0 });
    return query.tsig ? this.#signed(query, client) : this.#plain(query, client);
  }

  #clientOf(address: Ipv4, over: Over, query: Query | undefined): Client {
    const { clients, secret, now } = this.#parts;
    const seconds = Math.floor(now() / 1000);
    const sent = query?.edns?.cookie;
    return {
      address,
      over,
      ours: clients.isOurs(address),
      limit: over === "tcp" ? TCP_SIZE : query ? udpLimit(query) : 0,
      genuine: over === "tcp" || (sent !== undefined && isGenuine(sent, address, secret, seconds)),
      ...(sent && { cookie: cookieFor(sent, address, secret, seconds) }),
    };
  }

  #signed(query: Query, client: Client): Answer | Promise<Answer> {
    const seconds = (): number => Math.floor(this.#parts.now() / 1000);
    let verdict: Verdict;
    try {
      verdict = verify(query.message, query.tsig!, this.#parts.configuration().keys, seconds());
    } catch (error) {
      if (error instanceof WireError) return this.#written(query, { ...NOTHING, rcode: RCODES.formErr }, client, error.message);
      throw error;
    }
    if (verdict.signed === "ill") {
      this.#complain(client, query, verdict.because);
      const refusal = this.#written(query, { ...NOTHING, rcode: RCODES.notAuth }, client, verdict.because);
      return signRefusal(refusal, verdict, seconds());
    }
    const { key, tsig } = verdict;
    const signer = new Signer(key, tsig, seconds);
    const answered = this.#plain(query, { ...client, key, limit: client.limit - signer.size }, tsig.mac);
    return answered instanceof Promise ? answered.then((one) => signedAnswer(one, signer)) : signedAnswer(answered, signer);
  }

  #plain(query: Query, client: Client, mac?: Uint8Array): Answer | Promise<Answer> {
    if (query.opcode !== 0) return this.#update(query, client, mac);
    const { configuration, leases, serial, watch, packets, clock } = this.#parts;
    const { zones, upstream } = configuration();
    if ((query.type === TYPES.SOA || query.type === TYPES.AXFR || query.type === TYPES.IXFR) && watch.changed(clock)) this.#changed();
    const { ours, key } = client;
    const world = {
      zones,
      leases,
      serial: serial.current,
      upstream: upstream.length > 0,
      ours,
      mayTransfer: key?.may.includes("transfer") ?? false,
    };
    const decision = answer(query, world);
    if (decision.do === "forward") return this.#forward(query, client, decision.servers);
    if (decision.do === "transfer") return this.#transfer(query, decision.zone, client);
    const { reply, because, forbidden, steady } = decision;
    if (forbidden) this.#complain(client, query, because);
    const orders = turns(reply);
    this.#turn += 1;
    if (client.over === "tcp" || key || client.cookie || !ours || !reply.authoritative)
      return this.#written(query, orders[this.#turn % orders.length]!, client, because);
    const answers = orders.map((one) => this.#written(query, one, client, because));
    packets.keep(query.message, answers, steady ?? false, this.#parts.now());
    return answers[0];
  }

  #forward(query: Query, client: Client, group?: readonly Ipv4[]): Buffer | Promise<Answer> {
    const { forwarder, clients, configuration } = this.#parts;
    const { upstream, at } = configuration();
    const relayed = ({ response, age, stale }: Hit): Buffer =>
      relay(query, response, { age, stale, limit: client.limit, cookie: client.cookie });
    const known = forwarder.known(query);
    if (known) return relayed(known);
    const failed = (because: string): Buffer =>
      this.#written(query, { ...NOTHING, rcode: RCODES.servFail }, client, because, EXPLANATIONS.noReachableAuthority);
    if (!clients.enter(client.address)) return failed("too many of your questions wait for the upstream servers");
    return forwarder
      .resolve(query, group ? group.map(at) : upstream)
      .then((outcome) => ("response" in outcome ? relayed(outcome) : failed(outcome.because)))
      .finally(() => clients.leave(client.address));
  }

  /** RFC 5936 §4.2: over TCP. A client of IXFR that is up to date hears so, any other gets the whole zone (RFC 1995 §4). */
  #transfer(query: Query, zone: Zone, client: Client): Answer {
    const { configuration, leases, serial, journal } = this.#parts;
    const records = zoneRecords(zone, { zones: configuration().zones, leases, serial: serial.current });
    const has =
      query.type === TYPES.IXFR
        ? query.places.find(({ section, type, data }) => section === "authority" && type === TYPES.SOA && data.length >= 22)
        : undefined;
    if (query.type === TYPES.IXFR && (client.over === "udp" || (has && serialOf(has.data) === serial.current)))
      return this.#written(query, { ...NOTHING, authoritative: true, answers: [records[0]!] }, client, "");
    if (client.over === "udp") return this.#written(query, { ...NOTHING, rcode: RCODES.formErr }, client, "zones are copied over TCP");
    const text = `${client.address} copies ${zone.apex}, ${records.length} records: the key ${client.key?.name} may`;
    journal({ from: "dns", level: "info", text });
    const opt = query.edns && optRecord({ dnssecOk: query.edns.dnssecOk, ...(client.cookie && { cookie: client.cookie }) });
    return transferMessages(query, records, opt);
  }

  #update(query: Query, client: Client, mac: Uint8Array | undefined): Buffer | Promise<Answer> {
    const { book, journal, now } = this.#parts;
    const { key } = client;
    const refused = (rcode: number, because: string): Buffer => {
      this.#complain(client, query, because);
      return this.#written(query, { ...NOTHING, rcode }, client, because, EXPLANATIONS.prohibited);
    };
    if (!key || !mac) return refused(RCODES.refused, "nobody may write without a key");
    if (!key.may.includes("update")) return refused(RCODES.refused, `the key ${key.name} may not write`);
    if (query.type !== TYPES.SOA || query.class !== 1) return refused(RCODES.formErr, "an update names a zone by its SOA"); // RFC 2136 §3.1.1
    const repeated = this.#replays.get(mac, now());
    if (repeated) return repeated;
    const source = () => ({ zones: this.#parts.configuration().zones, leases: this.#parts.leases, serial: this.#parts.serial.current });
    const done = book.update(query, source).then((outcome) => {
      if (outcome.rcode !== RCODES.noError) return refused(outcome.rcode, outcome.because);
      if ("changes" in outcome && outcome.changes.size > 0) this.#changed();
      journal({ from: "dns", level: "info", text: `${client.address} update ${query.name} with the key ${key.name}: ${outcome.because}` });
      return this.#written(query, NOTHING, client, outcome.because);
    });
    this.#replays.put(mac, done, now());
    return done;
  }

  /** What we hold has changed: the serial rises and no finished answer can be trusted. */
  #changed(): void {
    this.#parts.serial.rise();
    this.#parts.packets.clear();
  }

  #written(query: Query, reply: Reply, { ours, limit, cookie }: Client, because: string, explanation?: number): Buffer {
    const { upstream, zones } = this.#parts.configuration();
    const recursion = ours && (upstream.length > 0 || zones.forward.size > 0);
    return writeReply(query, reply, {
      recursion,
      limit,
      because,
      ...(explanation !== undefined && { explanation }),
      ...(cookie && { cookie }),
    });
  }

  #complain({ address }: Client, { opcode, type, name }: Query, because: string): void {
    const asked = opcode === 0 ? `asked for ${typeName(type)} of ${name || "."}` : `sent an update of ${name || "."}`;
    this.#parts.complain({ from: "dns", level: "refused", text: `${address} ${asked}: ${because}` });
  }
}

function signedAnswer(answered: Answer, signer: Signer): Answer {
  if (answered === undefined || Buffer.isBuffer(answered)) return answered && signer.sign(answered);
  return signedRow(answered, signer);
}

function* signedRow(messages: Iterable<Buffer>, signer: Signer): Generator<Buffer> {
  for (const message of messages) yield signer.sign(message);
}
