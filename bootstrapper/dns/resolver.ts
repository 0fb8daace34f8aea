/** One message in, one message out: what both the UDP and the TCP side of the server do with a query. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import { answer, RCODES } from "./answer.ts";
import type { Forwarder } from "./forward.ts";
import { type Query, readQuery, udpLimit } from "./message.ts";
import type { Records } from "./records.ts";
import { relay } from "./relay.ts";
import { writeReply } from "./reply.ts";

/** Undefined: silence. Never rejects because of what a message holds. */
export type Resolver = (message: Uint8Array, from: Ipv4, over: "udp" | "tcp") => Promise<Uint8Array | undefined>;

const TCP_SIZE = 0xffff;

/** Without a forwarder only our own names are known. `complain` hears what an operator should know, not every question. */
export function resolver(records: () => Records, forwarder: Forwarder | undefined, complain: Journal): Resolver {
  const recursion = forwarder !== undefined;

  async function forward(query: Query, asking: Forwarder, limit: number): Promise<Uint8Array> {
    const outcome = await asking.resolve(query);
    if ("response" in outcome) return relay(query, outcome.response, outcome.age, limit);
    const failure = { rcode: RCODES.servFail, authoritative: false, answers: [], authorities: [] };
    return writeReply(query, failure, { recursion, limit, because: outcome.because });
  }

  return async (message, from, over) => {
    const received = readQuery(message);
    if (received.got !== "query")
      complain({ from: "dns", level: "refused", text: `${from} sent what is no question: ${received.because}` });
    if (received.got === "noise") return undefined;
    if (received.got === "refusal") return received.reply;

    const { query } = received;
    const limit = over === "tcp" ? TCP_SIZE : udpLimit(query);
    const decision = answer(query, { records: records(), upstream: recursion });
    if (decision.do === "forward" && forwarder) return forward(query, forwarder, limit);
    if (decision.do === "forward") throw new Error("a question was to be forwarded, and there is nobody to ask");
    const { reply, because, forbidden } = decision;
    if (forbidden)
      complain({ from: "dns", level: "refused", text: `${from} asked for type ${query.type} of ${query.name || "."}: ${because}` });
    return writeReply(query, reply, { recursion, limit, because });
  };
}
