/** Answers questions: from our zones, from upstream, or with a copy of a zone. */
import type { Ipv4 } from "../../cluster/address.ts";
import { answer } from "./answer.ts";
import { optRecord } from "./edns.ts";
import type { Hit } from "./forward/cache.ts";
import { followed, questionFor } from "./forward/follow.ts";
import { relay } from "./forward/relay.ts";
import type { Query } from "./message.ts";
import { EXPLANATIONS, RCODES, TYPES } from "./numbers.ts";
import { type Answer, type Client, changed, complain, type Parts, sourceOf, written } from "./parts.ts";
import { type Rr, serialOf } from "./record.ts";
import { NOTHING, type Reply } from "./reply.ts";
import { transferMessages, zoneRecords } from "./transfer.ts";
import { turns } from "./turns.ts";
import type { Zone } from "./zone/zone.ts";

export class Questions {
  readonly #parts: Parts;
  #turn = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  answer(query: Query, client: Client): Answer | Promise<Answer> {
    const { configuration, watch, packets, clock, now } = this.#parts;
    const { type } = query;
    if ((type === TYPES.SOA || type === TYPES.AXFR || type === TYPES.IXFR) && watch.changed(clock)) changed(this.#parts);
    const { ours, key } = client;
    const world = {
      ...sourceOf(this.#parts),
      upstream: configuration().upstream.length > 0,
      ours,
      mayTransfer: key?.may.includes("transfer") ?? false,
    };
    const decision = answer(query, world);
    if (decision.do === "forward") return this.#forward(query, client, decision.servers);
    if (decision.do === "follow") return this.#follow(query, client, decision.reply, decision.name, decision.servers);
    if (decision.do === "transfer") return this.#transfer(query, decision.zone, client);
    const { reply, because, forbidden, steady } = decision;
    if (forbidden) complain(this.#parts, client, query, because);
    const orders = turns(reply);
    this.#turn += 1;
    if (client.over === "tcp" || key || client.cookie || !ours || !reply.authoritative)
      return written(this.#parts, query, orders[this.#turn % orders.length]!, client, because);
    const answers = orders.map((one) => written(this.#parts, query, one, client, because));
    packets.keep(query.message, answers, steady ?? false, now());
    return answers[0];
  }

  #forward(query: Query, client: Client, group?: readonly Ipv4[]): Answer | Promise<Answer> {
    return this.#elsewhere(query, query, client, group, ({ response, age, stale }) =>
      relay(query, response, { age, stale, limit: client.limit, cookie: client.cookie }),
    );
  }

  /** A name of ours stands for one that others know: our answer, and theirs behind it. */
  #follow(query: Query, client: Client, reply: Reply, name: string, group?: readonly Ipv4[]): Answer | Promise<Answer> {
    return this.#elsewhere(query, questionFor(query, name), client, group, (hit) =>
      written(this.#parts, query, followed(reply, hit), client, `${name} is what others say of it`),
    );
  }

  /** `asked` is what the other servers are asked to answer `query`. */
  #elsewhere(
    query: Query,
    asked: Query,
    client: Client,
    group: readonly Ipv4[] | undefined,
    finish: (hit: Hit) => Buffer,
  ): Answer | Promise<Answer> {
    const { forwarder, clients, configuration } = this.#parts;
    const { upstream, at } = configuration();
    const known = forwarder.known(asked);
    if (known) return finish(known);
    const failed = (because: string): Buffer =>
      written(this.#parts, query, { ...NOTHING, rcode: RCODES.servFail }, client, because, EXPLANATIONS.noReachableAuthority);
    if (!clients.enter(client.address)) return failed("too many of your questions wait for the upstream servers");
    return forwarder
      .resolve(asked, group ? group.map(at) : upstream)
      .then((outcome) => ("response" in outcome ? finish(outcome) : failed(outcome.because)))
      .finally(() => clients.leave(client.address));
  }

  /** RFC 5936 §4.2: over TCP. A client of IXFR that is up to date hears so, any other gets the whole zone (RFC 1995 §4). */
  #transfer(query: Query, zone: Zone, client: Client): Answer {
    const { serial, journal } = this.#parts;
    const records = zoneRecords(zone, sourceOf(this.#parts));
    const incremental = query.type === TYPES.IXFR;
    if (incremental && (client.over === "udp" || has(query) === serial.current)) return this.#soaAlone(query, client, records[0]!);
    if (client.over === "udp")
      return written(this.#parts, query, { ...NOTHING, rcode: RCODES.formErr }, client, "zones are copied over TCP");
    const text = `${client.address} copies ${zone.apex}, ${records.length} records: the key ${client.key?.name} may`;
    journal({ from: "dns", level: "info", text });
    const opt = query.edns && optRecord({ dnssecOk: query.edns.dnssecOk, ...(client.cookie && { cookie: client.cookie }) });
    return transferMessages(query, records, opt);
  }

  #soaAlone(query: Query, client: Client, soa: Rr): Buffer {
    return written(this.#parts, query, { ...NOTHING, authoritative: true, answers: [soa] }, client, "");
  }
}

/** The serial that a client of IXFR has (RFC 1995 §3). */
function has({ places }: Query): number | undefined {
  const soa = places.find(({ section, type, data }) => section === "authority" && type === TYPES.SOA && data.length >= 22);
  return soa && serialOf(soa.data);
}
