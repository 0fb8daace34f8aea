/** DNS: messages as they come from clients and from other servers, and what is answered. */
import { answer } from "../../../bootstrapper/dns/answer.ts";
import { judge, relay } from "../../../bootstrapper/dns/forward/relay.ts";
import { type Query, readQuery, udpLimit } from "../../../bootstrapper/dns/message.ts";
import { nameText, nameWire, readName } from "../../../bootstrapper/dns/name.ts";
import { CLASSES, TYPES } from "../../../bootstrapper/dns/numbers.ts";
import { addressData, dataOf } from "../../../bootstrapper/dns/record.ts";
import { writeReply } from "../../../bootstrapper/dns/reply.ts";
import { HEADER_SIZE, survey } from "../../../bootstrapper/dns/survey.ts";
import { Frames, framed } from "../../../bootstrapper/dns/tcp/frames.ts";
import { type Key, tsigRecord, withTsig } from "../../../bootstrapper/dns/tsig/tsig.ts";
import { verify } from "../../../bootstrapper/dns/tsig/verify.ts";
import { readUpdate } from "../../../bootstrapper/dns/update/read.ts";
import { decideUpdate } from "../../../bootstrapper/dns/update/update.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { key, query, record, SECRET, world } from "../../support/dns.ts";
import { attempt, must, same, type Target } from "../target.ts";

const NOW = 1_800_000_000;
const KEY: Key = { ...key("k1.cluster.lab"), secret: SECRET };
const TSIG = {
  key: KEY.name,
  algorithm: KEY.algorithm,
  time: NOW,
  fudge: 300,
  mac: Buffer.alloc(32, 7),
  originalId: 0x1234,
  error: 0,
  other: Buffer.alloc(0),
} as const;

const described = { dns: { records: [record("www.cluster.lab", { type: "CNAME", target: "cp-1.cluster.lab" })] } };
const source = world(described);

const queries = (): Buffer[] => [
  query("cp-1.cluster.lab"),
  query("www.cluster.lab", { edns: 1232 }),
  query("nothing.cluster.lab", { type: TYPES.AAAA, edns: 512 }),
  query("11.0.0.10.in-addr.arpa", { type: TYPES.PTR }),
  query("cluster.lab", { type: TYPES.SOA, recursion: false }),
  query("a.b.apps.cluster.lab", { type: 255 }),
  query("example.org", { edns: 4096 }),
  update(),
  withTsig(update(), TSIG),
  Buffer.concat([header(0, 1, 0, 0, 1), nameWire("cluster.lab"), Buffer.of(0, 252, 0, 1), tsigRecord(TSIG)]),
];

function header(flags: number, ...counts: readonly number[]): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE);
  bytes.writeUInt16BE(0x1234, 0);
  bytes.writeUInt16BE(flags, 2);
  for (const [index, count] of counts.entries()) bytes.writeUInt16BE(count, 4 + 2 * index);
  return bytes;
}

function entry(name: string, type: number, class_: number, ttl: number, data: Uint8Array): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(class_, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([nameWire(name), fixed, data]);
}

/** One prerequisite of each kind that there is, and one change of each kind. RFC 2136 §2. */
function update(): Buffer {
  const none = Buffer.alloc(0);
  return Buffer.concat([
    header(0x2800, 1, 2, 4, 0),
    nameWire("cluster.lab"),
    Buffer.of(0, 6, 0, 1),
    entry("new.cluster.lab", 255, CLASSES.NONE, 0, none),
    entry("cp-1.cluster.lab", TYPES.A, CLASSES.ANY, 0, none),
    entry("new.cluster.lab", TYPES.A, CLASSES.IN, 300, addressData(ipv4("10.0.0.77"))),
    entry("new.cluster.lab", TYPES.TXT, CLASSES.IN, 300, dataOf({ type: "TXT", texts: ["heritage=external-dns", ""] })),
    entry("old.cluster.lab", TYPES.A, CLASSES.ANY, 0, none),
    entry(
      "srv.cluster.lab",
      TYPES.SRV,
      CLASSES.NONE,
      0,
      dataOf({ type: "SRV", priority: 0, weight: 1, port: 80, target: "new.cluster.lab" }),
    ),
  ]);
}

export const dnsQuery: Target = {
  name: "dns-query",
  seeds: queries,
  check: (bytes) => {
    const received = readQuery(bytes);
    if (received.got === "noise") return;
    if (received.got === "refusal") {
      must(received.reply.length <= Math.max(512, bytes.length) && (received.reply[2]! & 0x80) !== 0, "a refusal is a short response");
      return;
    }
    const { query } = received;
    answered(query);
    attempt(() => query.tsig && verify(query.message, query.tsig, new Map([[KEY.name, KEY]]), NOW));
    const wanted = received.got === "update" && attempt(() => readUpdate(query));
    if (!wanted) return;
    const outcome = decideUpdate(wanted, { ...source, zone: source.zones.main, limit: 100, held: 0 });
    must(outcome.because.length > 0, "a decision has a reason");
  },
};

function answered(asked: Query): void {
  const decision = answer(asked, source);
  must(decision.because.length > 0, "a decision has a reason");
  if (decision.do !== "reply" && decision.do !== "follow") return;
  for (const limit of [udpLimit(asked), 0xffff]) {
    const reply = writeReply(asked, decision.reply, { recursion: true, limit, because: decision.because });
    const bare = HEADER_SIZE + asked.raw.length;
    must(reply.length <= Math.max(limit, bare + 11), `an answer of ${reply.length} bytes, where ${limit} fit`);
    const seen = survey(reply);
    must(seen.response && seen.id === asked.id, "an answer is to its question");
    same(Buffer.from(reply.subarray(HEADER_SIZE, seen.question.end)), Buffer.from(asked.raw), "the question goes back as it came");
  }
}

const QUESTION = query("example.org", { id: 0x4321, edns: 1232 });
const ASKED = readQuery(QUESTION) as { readonly query: Query };
const response = (answers: number, authorities: number, additionals: number, ...records: readonly Buffer[]): Buffer => {
  const head = header(0x8180, 1, answers, authorities, additionals);
  head.writeUInt16BE(0x4321, 0);
  return Buffer.concat([head, ASKED.query.raw, ...records]);
};

export const dnsResponse: Target = {
  name: "dns-response",
  seeds: () => [
    response(1, 0, 0, entry("example.org", TYPES.A, 1, 300, Buffer.of(192, 0, 2, 7))),
    response(
      2,
      0,
      1,
      entry("example.org", TYPES.CNAME, 1, 60, Buffer.from("03777777c00c", "hex")),
      entry("www.example.org", TYPES.AAAA, 1, 60, Buffer.alloc(16, 1)),
      Buffer.from("0000291000000000000000", "hex"),
    ),
    response(0, 1, 0, entry("org", TYPES.SOA, 1, 900, Buffer.concat([nameWire("a.org"), nameWire("b.org"), Buffer.alloc(20, 1)]))),
  ],
  check: (bytes) => {
    const judged = judge(bytes, { id: 0x4321, raw: ASKED.query.raw });
    if (!("response" in judged)) {
      must(judged.because.length > 0, "a judgement has a reason");
      return;
    }
    for (const limit of [512, 1232, 0xffff]) {
      const reply = relay(ASKED.query, judged.response, { age: 7, limit });
      must(reply.length <= limit, `an answer of ${reply.length} bytes, where ${limit} fit`);
      must(survey(reply).id === ASKED.query.id, "an answer is to its question");
    }
  },
};

export const dnsName: Target = {
  name: "dns-name",
  seeds: () => [Buffer.concat([nameWire("cp-1.cluster.lab"), Buffer.from("03777777c005", "hex")]), Buffer.from("025c2e0161c000", "hex")],
  check: (bytes) => {
    for (const start of [0, bytes.length >> 1]) {
      const name = attempt(() => readName(bytes, start));
      if (!name) continue;
      must(name.end > start && name.end <= bytes.length, `a name from ${start} to ${name.end}`);
      const text = nameText(name.wire);
      same(nameText(nameWire(text)), text, "a name's text is a name");
    }
  },
};

/** The first byte says how the stream is cut. */
export const dnsFrames: Target = {
  name: "dns-frames",
  seeds: () => [Buffer.concat([Buffer.of(3), ...queries().map(framed)])],
  check: (bytes) => {
    const [cut = 0] = bytes;
    const frames = new Frames(4096);
    const whole = new Frames(4096).take(bytes.subarray(1));
    const found: Buffer[] = [];
    for (let at = 1; at < bytes.length; at += cut + 1) {
      const some = frames.take(bytes.subarray(at, at + cut + 1));
      if (!some) return same(whole, undefined, "a stream is as bad in parts as whole");
      found.push(...some);
    }
    same(found, whole, "however a stream is cut, the messages in it are the same");
  },
};
