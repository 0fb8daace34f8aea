/** One message in, its answer out: what both the UDP and the TCP side of the server do. Nothing waits that need not. */
import type { Ipv4 } from "../../cluster/address.ts";
import { WireError } from "../wire/error.ts";
import { cookieFor, isGenuine } from "./cookies.ts";
import { type Query, readQuery, udpLimit } from "./message.ts";
import { OPCODES, RCODES } from "./numbers.ts";
import { type Answer, type Client, complain, type Over, type Parts, written } from "./parts.ts";
import { Questions } from "./questions.ts";
import { NOTHING, writeReply } from "./reply.ts";
import { Signer, signRefusal } from "./tsig/sign.ts";
import { type Verdict, verify } from "./tsig/verify.ts";
import { Updates } from "./update/updates.ts";

const TCP_SIZE = 0xffff;

export class Resolver {
  readonly #parts: Parts;
  readonly #questions: Questions;
  readonly #updates: Updates;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#questions = new Questions(parts);
    this.#updates = new Updates(parts);
  }

  /** Never throws or rejects because of what a message holds. */
  resolve(message: Uint8Array, address: Ipv4, over: Over): Answer | Promise<Answer> {
    const received = readQuery(message);
    const { clients, now } = this.#parts;
    if (!("query" in received))
      this.#parts.complain({ from: "dns", level: "refused", text: `${address} sent what is no question: ${received.because}` });
    if (received.got === "noise") return undefined;
    const client = this.#clientOf(address, over, "query" in received ? received.query : undefined);
    const allowance = client.ours || client.genuine ? "answer" : clients.allowance(address, now());
    if (allowance === "silence") return undefined;
    if (received.got === "refusal") return received.reply;
    const { query } = received;
    if (allowance === "truncated") return writeReply(query, NOTHING, { recursion: false, limit: 0 });
    return query.tsig ? this.#signed(query, client) : this.#plain(query, client);
  }

  #plain(query: Query, client: Client, mac?: Uint8Array): Answer | Promise<Answer> {
    return query.opcode === OPCODES.update ? this.#updates.answer(query, client, mac) : this.#questions.answer(query, client);
  }

  #signed(query: Query, client: Client): Answer | Promise<Answer> {
    const seconds = (): number => Math.floor(this.#parts.now() / 1000);
    let verdict: Verdict;
    try {
      verdict = verify(query.message, query.tsig!, this.#parts.configuration().keys, seconds());
    } catch (error) {
      if (error instanceof WireError) return written(this.#parts, query, { ...NOTHING, rcode: RCODES.formErr }, client, error.message);
      throw error;
    }
    if (verdict.signed === "ill") {
      complain(this.#parts, client, query, verdict.because);
      const refusal = written(this.#parts, query, { ...NOTHING, rcode: RCODES.notAuth }, client, verdict.because);
      return signRefusal(refusal, verdict, seconds());
    }
    const { key, tsig } = verdict;
    const signer = new Signer(key, tsig, seconds);
    const answered = this.#plain(query, { ...client, key, limit: client.limit - signer.size }, tsig.mac);
    return answered instanceof Promise ? answered.then((one) => signedAnswer(one, signer)) : signedAnswer(answered, signer);
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
}

function signedAnswer(answered: Answer, signer: Signer): Answer {
  if (answered === undefined || Buffer.isBuffer(answered)) return answered && signer.sign(answered);
  return signedRow(answered, signer);
}

function* signedRow(messages: Iterable<Buffer>, signer: Signer): Generator<Buffer> {
  for (const message of messages) yield signer.sign(message);
}
