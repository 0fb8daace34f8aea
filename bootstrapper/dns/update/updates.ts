/** Carries out updates of those who may, and says what became of each. RFC 2136, RFC 3007. */
import type { Query } from "../message.ts";
import { CLASSES, EXPLANATIONS, RCODES, TYPES } from "../numbers.ts";
import { type Client, changed, complain, type Parts, sourceOf, written } from "../parts.ts";
import { NOTHING } from "../reply.ts";
import { Replays } from "../tsig/replays.ts";

export class Updates {
  readonly #parts: Parts;
  readonly #replays = new Replays<Promise<Buffer>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `mac` is the message's code, if it was signed. */
  answer(query: Query, client: Client, mac: Uint8Array | undefined): Buffer | Promise<Buffer> {
    const { now } = this.#parts;
    const { key } = client;
    if (!key || !mac) return this.#refused(query, client, RCODES.refused, "nobody may write without a key");
    if (!key.may.includes("update")) return this.#refused(query, client, RCODES.refused, `the key ${key.name} may not write`);
    // RFC 2136 §3.1.1
    if (query.type !== TYPES.SOA || query.class !== CLASSES.IN)
      return this.#refused(query, client, RCODES.formErr, "an update names a zone by its SOA");
    const repeated = this.#replays.get(mac, now());
    if (repeated) return repeated;
    const done = this.#carriedOut(query, client, key.name);
    this.#replays.put(mac, done, now());
    return done;
  }

  async #carriedOut(query: Query, client: Client, key: string): Promise<Buffer> {
    const { book, journal } = this.#parts;
    const outcome = await book.update(query, () => sourceOf(this.#parts));
    if (!("changes" in outcome)) return this.#refused(query, client, outcome.rcode, outcome.because);
    if (outcome.changes.size > 0) changed(this.#parts);
    journal({ from: "dns", level: "info", text: `${client.address} update ${query.name} with the key ${key}: ${outcome.because}` });
    return written(this.#parts, query, NOTHING, client, outcome.because);
  }

  #refused(query: Query, client: Client, rcode: number, because: string): Buffer {
    complain(this.#parts, client, query, because);
    return written(this.#parts, query, { ...NOTHING, rcode }, client, because, EXPLANATIONS.prohibited);
  }
}
