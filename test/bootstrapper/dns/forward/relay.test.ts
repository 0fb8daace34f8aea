import { Packet } from "dns2";
import fc from "fast-check";
import { expect, test } from "vitest";
import { judge, question, type Response, relay } from "../../../../bootstrapper/dns/forward/relay.ts";
import { type Query, readQuery } from "../../../../bootstrapper/dns/message.ts";
import { parsed, query, respond } from "../../../support/dns.ts";

function understood(bytes: Uint8Array): Query {
  const received = readQuery(bytes);
  if (!("query" in received)) throw new Error(received.because);
  return received.query;
}
const asked = understood(query("Example.COM", { id: 1, edns: 1232 }));
const sent = question(asked, asked.raw, 0x4242);
const expected = { id: 0x4242, raw: asked.raw };
const answered = (ttl = 300): InstanceType<typeof Packet> => respond(parsed(sent), "192.0.2.7", ttl);
function fit(packet: InstanceType<typeof Packet>): Response {
  const judged = judge(packet.toBuffer(), expected);
  if (!("response" in judged)) throw new Error(judged.because);
  return judged.response;
}
const soa = (ttl: number, minimum: number): InstanceType<typeof Packet.Resource> =>
  new Packet.Resource({
    name: "com",
    type: Packet.TYPE.SOA,
    class: 1,
    ttl,
    primary: "a",
    admin: "b",
    serial: 1,
    refresh: 1,
    retry: 1,
    expiration: 1,
    minimum,
  });

test("the question goes on with our id and the client's letters, and asks for recursion", () => {
  expect(parsed(sent)).toMatchObject({
    header: { id: 0x4242, qr: 0, rd: 1, qdcount: 1, arcount: 1 },
    questions: [{ name: "Example.COM", type: 1 }],
  });
  expect(parsed(question(understood(query("a.b")), understood(query("a.b")).raw, 1)).additionals).toEqual([]);
});

// biome-ignore format: a table
test.each([
  { when: "its id is wrong",            change: (bytes: Buffer) => void bytes.writeUInt16BE(0x4243, 0),        because: "its id" },
  { when: "its question is another",    change: (bytes: Buffer) => void bytes.write("f", 13),                  because: "its question" },
  { when: "it is a query",              change: (bytes: Buffer) => void bytes.writeUInt8(1, 2),                   because: "no response" },
  { when: "it has no question",         change: (bytes: Buffer) => void bytes.writeUInt16BE(0, 4),             because: "0 questions" },
  { when: "its data is cut",            change: (bytes: Buffer) => void bytes.writeUInt16BE(60_000, 39),       because: "reach behind" },
])("an answer is dropped when $when", ({ change, because }) => {
  const bytes = answered().toBuffer();
  change(bytes);
  expect(judge(bytes, expected)).toEqual({ because: expect.stringContaining(because) });
});

test("letters that come back in another case are told apart, and a type is not a letter", () => {
  const https = understood(query("a.b", { type: 0x41 }));
  const answer = (type: number, name = "A.B"): Buffer => query(name, { id: 5, type }).fill(0x80, 2, 3);
  expect(judge(answer(0x41, "a.b"), { id: 5, raw: https.raw })).toHaveProperty("response");
  expect(judge(answer(0x41), { id: 5, raw: https.raw })).toHaveProperty("mangled");
  expect(judge(answer(0x61, "a.b"), { id: 5, raw: https.raw })).not.toHaveProperty("mangled");
  expect(judge(answer(0x61), { id: 5, raw: https.raw })).toEqual({ because: expect.stringContaining("its question") });
});

test("any bytes are an answer to our question, or dropped for a reason", () => {
  const good = answered().toBuffer();
  const mutated = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { maxLength: 5 }).map((changes) => {
    const bytes = Buffer.from(good);
    for (const [at, byte] of changes) bytes[at] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array()), fc.nat({ max: 1000 }), (bytes, age) => {
      const judged = judge(bytes, expected);
      if ("because" in judged) return;
      const out = relay(asked, judged.response, { age, limit: 1232 });
      expect(out.length).toBeLessThanOrEqual(1232);
      expect(parsed(out).header.id).toBe(1);
    }),
    { numRuns: 2000 },
  );
});

test("the client gets its own id and letters, what is left of the TTL, and our OPT instead of the upstream's", () => {
  const packet = answered(300);
  packet.additionals = [Packet.Resource.EDNS([Packet.Resource.EDNS.ECS("10.0.0.0/24")], { udpPayloadSize: 4096 })];
  const out = parsed(relay(asked, fit(packet), { age: 100, limit: 1232 }));
  expect(out.header).toMatchObject({ id: 1, qr: 1, ra: 1, rd: 1, aa: 0, rcode: 0 });
  expect(out.questions[0]!.name).toBe("Example.COM");
  expect(out.answers).toMatchObject([{ ttl: 200, address: "192.0.2.7" }]);
  expect(out.additionals).toMatchObject([{ class: 1232, rdata: [] }]);
});

test("what does not fit the client is cut down to the question and marked", () => {
  const packet = answered();
  packet.answers = Array.from(
    { length: 50 },
    (_, i) => new Packet.Resource({ name: "example.com", type: 1, class: 1, ttl: 9, address: `192.0.2.${i}` }),
  );
  const out = parsed(relay(asked, fit(packet), { age: 0, limit: 512 }));
  expect(out.header).toMatchObject({ tc: 1, ancount: 0, arcount: 1 });
  expect(parsed(relay(asked, fit(packet), { age: 0, limit: 1232 })).answers).toHaveLength(50);
});

// biome-ignore format: a table
test.each([
  { what: "an answer",                        packet: () => answered(300),                                                     seconds: 300 },
  { what: "an answer for a week",             packet: () => answered(604_800),                                                 seconds: 3600 },
  { what: "an answer that must not be kept",  packet: () => answered(0),                                                       seconds: 0 },
  { what: "a name that is not there",         packet: () => Object.assign(answered(), { answers: [], authorities: [soa(900, 60)], header: { ...answered().header, rcode: 3 } }), seconds: 60 },
  { what: "a name that is not there for a day", packet: () => Object.assign(answered(), { answers: [], authorities: [soa(86400, 86400)] }), seconds: 300 },
  { what: "nothing, without a SOA",           packet: () => Object.assign(answered(), { answers: [] }),                        seconds: 0 },
  { what: "a failure",                        packet: () => Object.assign(answered(), { header: { ...answered().header, rcode: 2 } }), seconds: 0 },
  { what: "a truncated answer",               packet: () => Object.assign(answered(), { header: { ...answered().header, tc: 1 } }), seconds: 0 },
])("$what is kept for $seconds s", ({ packet, seconds }) => {
  expect(fit(packet()).lifetime).toBe(seconds);
});
