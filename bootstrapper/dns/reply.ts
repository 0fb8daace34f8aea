/** Our own answers as bytes, written by dns2's Packet; the question goes back exactly as it came. RFC 1035 §4, RFC 6891, RFC 8914. */
import { Packet } from "dns2";
import { CLASSES, type Reply, type Rr, TYPES } from "./answer.ts";
import { EDNS_SIZE, type Query } from "./message.ts";
import { HEADER_SIZE } from "./survey.ts";

export interface Writing {
  /** We ask others too, and say so (RA). */
  readonly recursion: boolean;
  /** Bytes; beyond them the answer is left out and TC says so (RFC 2181 §9). */
  readonly limit: number;
  /** Why, for those who speak EDNS and can read it (RFC 8914). */
  readonly because?: string;
}

export function writeReply(query: Query, reply: Reply, writing: Writing): Uint8Array {
  const whole = written(query, reply, writing, false);
  return whole.length <= writing.limit ? whole : written(query, { ...reply, answers: [], authorities: [] }, writing, true);
}

/** dns2 compresses names by a table on its writer, which its types do not mention. */
type Writer = InstanceType<typeof Packet.Writer> & { names?: Map<string, number> };

function written(query: Query, reply: Reply, { recursion, because }: Writing, truncated: boolean): Uint8Array {
  const writer: Writer = new Packet.Writer();
  const header = {
    id: query.id,
    qr: 1,
    aa: reply.authoritative ? 1 : 0,
    tc: truncated ? 1 : 0,
    rd: query.recursionDesired ? 1 : 0,
    ra: recursion ? 1 : 0,
    cd: query.checkingDisabled ? 1 : 0,
    rcode: reply.rcode & 15,
    qdcount: 1,
    ancount: reply.answers.length,
    nscount: reply.authorities.length,
    arcount: query.edns ? 1 : 0,
  } as const;
  new Packet.Header(header).toBuffer(writer);
  for (const byte of query.raw) writer.write(byte, 8);
  writer.names = suffixes(query.name);
  for (const record of [...reply.answers, ...reply.authorities]) Packet.Resource.encode(new Packet.Resource(fields(record)), writer);
  if (query.edns) {
    const explanations = because && reply.rcode !== 0 ? [Packet.Resource.EDNS.EDE(Packet.EDE.OTHER, because.slice(0, 100))] : [];
    const extended = { extendedRcode: reply.rcode >> 4, doFlag: query.edns.dnssecOk, udpPayloadSize: EDNS_SIZE };
    Packet.Resource.encode(Packet.Resource.EDNS(explanations, extended), writer);
  }
  return writer.toBuffer();
}

/** Where each ending of the question's name stands, so that answers can point there (RFC 1035 §4.1.4). */
function suffixes(name: string): Map<string, number> {
  const found = new Map<string, number>();
  if (name === "" || name.includes("\\")) return found; // a label that is spelled longer than it is
  const labels = name.toLowerCase().split(".");
  let at = HEADER_SIZE;
  for (const [index, label] of labels.entries()) {
    found.set(labels.slice(index).join("."), at);
    at += 1 + label.length;
  }
  return found;
}

/** A record in dns2's words. */
function fields(record: Rr): ConstructorParameters<typeof Packet.Resource>[0] {
  const { name, ttl, type } = record;
  const common = { name, ttl, class: CLASSES.IN, type: TYPES[type] };
  switch (type) {
    case "A":
      return { ...common, address: record.address };
    case "PTR":
      return { ...common, domain: record.target };
    case "NS":
      return { ...common, ns: record.target };
    case "SOA": // nobody copies the zone (AXFR is refused), so nobody compares serials
      return {
        ...common,
        primary: record.primary,
        admin: record.admin,
        serial: 1,
        refresh: 3600,
        retry: 600,
        expiration: 86_400,
        minimum: record.minimum,
      };
  }
}
