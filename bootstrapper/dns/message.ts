/** What reached us, as values, behind one survey of its structure: any bytes become a query, an update, a refusal or noise. */
import { WireError } from "../wire/error.ts";
import { EDNS_SIZE, type Edns, PLAIN_SIZE, readEdns } from "./edns.ts";
import { nameText } from "./name.ts";
import { CLASSES, OPCODES, RCODES, TYPES } from "./numbers.ts";
import { NOTHING, writeReply } from "./reply.ts";
import { HEADER_SIZE, type Place, type Survey, survey } from "./survey.ts";

export interface Query {
  readonly id: number;
  readonly opcode: number;
  /** As name.ts spells it. In an update: the zone. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  readonly edns?: Edns;
  /** Where its signature stands. */
  readonly tsig?: Place;
  /** The question section as it came; it is echoed byte for byte, so the client's capitals stay. */
  readonly raw: Uint8Array;
  readonly message: Buffer;
  /** All records behind the question. */
  readonly places: readonly Place[];
}

export type Received =
  | { readonly got: "query" | "update"; readonly query: Query }
  /** It deserves an error, and no more. */
  | { readonly got: "refusal"; readonly reply: Buffer; readonly because: string }
  /** It deserves silence: an answer could start a quarrel between two servers. */
  | { readonly got: "noise"; readonly because: string };

/** Nobody's question is longer: a name of 255 bytes and room for cookies and signatures. */
const QUERY_SIZE = 4096;
const RESPONSE = 0x80;

export function readQuery(raw: Uint8Array): Received {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (bytes.length < HEADER_SIZE) return noise(`a message of ${bytes.length} bytes`);
  if (bytes[2]! & RESPONSE) return noise("a response, sent as a query");
  const opcode = (bytes[2]! >> 3) & 15;
  if (opcode !== OPCODES.query && opcode !== OPCODES.update) return refusal(bytes, RCODES.notImp, `opcode ${opcode} is not served`);
  if (opcode === OPCODES.query && bytes.length > QUERY_SIZE) return refusal(bytes, RCODES.formErr, `a query of ${bytes.length} bytes`);
  try {
    return understood(bytes, survey(bytes), opcode);
  } catch (error) {
    if (error instanceof WireError) return refusal(bytes, RCODES.formErr, error.message);
    throw error;
  }
}

function understood(bytes: Buffer, { id, question, records }: Survey, opcode: number): Received {
  const bare: Query = {
    id,
    opcode,
    name: nameText(bytes, HEADER_SIZE),
    type: question.type,
    class: question.class,
    recursionDesired: (bytes[2]! & 0x01) !== 0,
    checkingDisabled: (bytes[3]! & 0x10) !== 0,
    raw: bytes.subarray(HEADER_SIZE, question.end),
    message: bytes,
    places: records,
  };
  const signed = signature(bytes, records);
  const query = signed ? { ...bare, tsig: signed } : bare;
  const got = opcode === OPCODES.update ? "update" : "query";
  const [opt, ...more] = records.filter((record) => record.type === TYPES.OPT);
  if (!opt) return { got, query };
  const edns = readEdns(opt.class, opt.ttl, opt.data);
  if (more.length > 0 || opt.section !== "additional" || !opt.root || !edns) throw new WireError("dns", "its OPT record is malformed"); // RFC 6891 §6.1.1
  const version = (opt.ttl >>> 16) & 255;
  if (version === 0) return { got, query: { ...query, edns } };
  const reply = writeReply({ ...query, edns }, { ...NOTHING, rcode: RCODES.badVers }, { recursion: false, limit: PLAIN_SIZE }); // RFC 6891 §6.1.3
  return { got: "refusal", reply, because: `EDNS version ${version}` };
}

/** RFC 8945 §5.1: there is one, and it ends the message. */
function signature(bytes: Buffer, records: readonly Place[]): Place | undefined {
  const [tsig, ...more] = records.filter((record) => record.type === TYPES.TSIG);
  if (!tsig) return undefined;
  const last = tsig === records.at(-1) && tsig.section === "additional" && tsig.end === bytes.length;
  if (more.length > 0 || !last || tsig.class !== CLASSES.ANY || tsig.ttl !== 0)
    throw new WireError("dns", "its TSIG record is out of place");
  return tsig;
}

const noise = (because: string): Received => ({ got: "noise", because });

/** The header alone: the rest may be what is wrong. */
function refusal(bytes: Buffer, rcode: number, because: string): Received {
  const reply = Buffer.alloc(HEADER_SIZE);
  reply.set(bytes.subarray(0, 2));
  reply[2] = RESPONSE | (bytes[2]! & 0x79); // opcode and RD as they were
  reply[3] = rcode;
  return { got: "refusal", reply, because };
}

/** The most that may go back to this client over UDP. */
export const udpLimit = ({ edns }: Query): number => (edns ? Math.min(edns.size, EDNS_SIZE) : PLAIN_SIZE);
