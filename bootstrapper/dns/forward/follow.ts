/** A name of ours that stands for one others know (CNAME): their answer, in ours. RFC 1034 §4.3.2, step 3a. */

import { WireError } from "../../wire/error.ts";
import type { Query } from "../message.ts";
import { nameText, nameWire, readName } from "../name.ts";
import { readData } from "../rdata.ts";
import type { Rr } from "../record.ts";
import type { Reply } from "../reply.ts";
import { survey } from "../survey.ts";
import type { Hit } from "./cache.ts";

/** What others are asked so that `query` can be answered. */
export function questionFor(query: Query, name: string): Query {
  const raw = Buffer.concat([nameWire(name), Buffer.from(query.raw.subarray(-4))]);
  return { ...query, name, raw };
}

/** Our part of the answer, theirs behind it, and their code. */
export function followed(reply: Reply, { response, age }: Hit): Reply {
  const { bytes, rcode } = response;
  return { ...reply, authoritative: false, rcode, answers: [...reply.answers, ...answersOf(bytes, age)] };
}

/** The response has been judged: its structure holds. Data whose own structure does not is left out. */
function answersOf(bytes: Buffer, age: number): readonly Rr[] {
  return survey(bytes)
    .records.filter(({ section, class: class_ }) => section === "answer" && class_ === 1)
    .flatMap(({ at, end, type, ttl, data }) => {
      try {
        const name = nameText(readName(bytes, at).wire);
        return [{ name, type, ttl: Math.max(0, ttl - age), data: readData(bytes, type, end - data.length, data.length) }];
      } catch (error) {
        if (error instanceof WireError) return [];
        throw error;
      }
    });
}
