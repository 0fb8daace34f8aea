import { Packet } from "dns2";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Query, readQuery, udpLimit } from "../../../bootstrapper/dns/message.ts";
import { nameWire } from "../../../bootstrapper/dns/name.ts";
import { RCODES, TYPES } from "../../../bootstrapper/dns/numbers.ts";
import { addressData, dataOf, type Rr, soaData } from "../../../bootstrapper/dns/record.ts";
import { NOTHING, type Reply, writeReply } from "../../../bootstrapper/dns/reply.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { parsed, query } from "../../support/dns.ts";

function understood(bytes: Uint8Array): Query {
  const received = readQuery(bytes);
  if (!("query" in received)) throw new Error(received.because);
  return received.query;
}
const label = fc.stringMatching(/^[a-zA-Z0-9-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join("."));
const uint16 = fc.nat({ max: 0xffff });

test("what dns2 writes as a query is understood", () => {
  fc.assert(
    fc.property(
      name,
      uint16,
      fc.integer({ min: 1, max: 0xffff }),
      fc.option(fc.integer({ min: 1, max: 0xffff })),
      fc.boolean(),
      (asked, id, type, edns, recursion) => {
        const found = understood(query(asked, { id, type, recursion, ...(edns !== null && { edns }) }));
        expect(found).toMatchObject({ id, name: asked.toLowerCase(), type, class: 1, recursionDesired: recursion });
        expect(found.edns?.size).toBe(edns === null ? undefined : Math.min(Math.max(edns, 512), 1232));
      },
    ),
  );
});

test("any bytes are a query, an update, a refusal or noise", () => {
  const mutated = fc
    .tuple(name, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }), fc.nat({ max: 60 }))
    .map(([asked, changes, cut]) => {
      const bytes = query(asked, { edns: 1232 });
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, bytes.length - Math.max(0, cut - 30));
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100, size: "max" }), mutated), (bytes) => {
      const received = readQuery(bytes);
      expect(received.got).toMatch(/^(query|update|refusal|noise)$/);
      if (received.got === "refusal") expect([...received.reply.subarray(0, 2)]).toEqual([...bytes.subarray(0, 2)]);
    }),
    { numRuns: 3000 },
  );
});

const altered = (change: (bytes: Buffer) => void, bytes = query("cp-1.cluster.lab", { edns: 1232 })): Buffer => {
  change(bytes);
  return bytes;
};
const opt = (...tail: number[]): Buffer =>
  Buffer.concat([altered((bytes) => void bytes.writeUInt16BE(1, 10), query("a.b")), Buffer.of(...tail)]);

// biome-ignore format: a table
test.each([
  { packet: "a response",                bytes: altered((bytes) => void bytes.writeUInt8(0x80, 2)),              got: "noise" },
  { packet: "less than a header",        bytes: Buffer.alloc(11),                                          got: "noise" },
  { packet: "an empty message",          bytes: Buffer.alloc(0),                                           got: "noise" },
  { packet: "a NOTIFY",                  bytes: altered((bytes) => void bytes.writeUInt8(4 << 3, 2)),            got: "refusal", rcode: RCODES.notImp },
  { packet: "an UPDATE",                 bytes: altered((bytes) => void bytes.writeUInt8(5 << 3, 2)),            got: "update" },
  { packet: "a cookie of 9 bytes",       bytes: opt(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 13, 0, 10, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9), got: "refusal", rcode: RCODES.formErr },
  { packet: "no question",               bytes: altered((bytes) => void bytes.writeUInt16BE(0, 4)),        got: "refusal", rcode: RCODES.formErr },
  { packet: "two questions",             bytes: altered((bytes) => void bytes.writeUInt16BE(2, 4)),        got: "refusal", rcode: RCODES.formErr },
  { packet: "a bare header that claims 65535 of everything", bytes: Buffer.alloc(12, 0xff).fill(0, 2, 4), got: "refusal", rcode: RCODES.formErr },
  { packet: "a query of 5000 bytes",     bytes: Buffer.concat([query("a.b"), Buffer.alloc(5000)]),         got: "refusal", rcode: RCODES.formErr },
  { packet: "EDNS version 1",            bytes: opt(0, 0, 41, 4, 208, 0, 1, 0, 0, 0, 0),                   got: "refusal", rcode: RCODES.badVers },
  { packet: "an OPT with a name",        bytes: opt(1, 97, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0),            got: "refusal", rcode: RCODES.formErr },
  { packet: "an OPT whose option is cut", bytes: opt(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 5, 0, 10, 0, 8, 1),  got: "refusal", rcode: RCODES.formErr },
  { packet: "an OPT that is cut",        bytes: opt(0, 0, 41, 4, 208),                                     got: "refusal", rcode: RCODES.formErr },
  { packet: "an EDNS size of 65535",     bytes: query("a.b", { edns: 65535 }),                             got: "query" },
  { packet: "an EDNS size of 0",         bytes: opt(0, 0, 41, 0, 0, 0, 0, 0, 0, 0, 0),                     got: "query" },
  { packet: "a cookie",                  bytes: opt(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8), got: "query" },
])("$packet is met with: $got $rcode", ({ bytes, got, rcode }) => {
  const received = readQuery(bytes);
  expect(received.got).toBe(got);
  if (received.got === "refusal") expect(parsed(received.reply).header).toMatchObject({ qr: 1, rcode, id: bytes.readUInt16BE(0) });
});

test("two OPT records are one too many", () => {
  const record = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
  const bytes = opt(...record, ...record);
  bytes.writeUInt16BE(2, 10);
  expect(readQuery(bytes)).toMatchObject({ got: "refusal", because: expect.stringContaining("OPT") });
});

test("a dot or a control character inside a label is not taken for a dot between labels", () => {
  const bytes = Buffer.concat([query("x").subarray(0, 12), Buffer.from("\x04cp.1\x02\0\xe4\0\0\x01\0\x01", "latin1")]);
  expect(understood(bytes).name).toBe("cp\\0461.\\000\\228");
});

/** A record as we write it, and as dns2 reads it. */
const rr: fc.Arbitrary<{ ours: Rr; theirs: Record<string, unknown> }> = fc
  .tuple(name, fc.nat({ max: 86_400 }), name, fc.ipV4().map(ipv4), fc.nat({ max: 900 }), fc.nat({ max: 6 }))
  .map(([owner, ttl, target, address, number, kind]) => {
    const common = { name: owner.toLowerCase(), ttl };
    const to = target.toLowerCase();
    const made = (type: number, data: Uint8Array, theirs: Record<string, unknown>) => ({
      ours: { ...common, type, data },
      theirs: { ...common, ...theirs },
    });
    switch (kind) {
      case 0:
        return made(TYPES.A, addressData(address), { address });
      case 1:
        return made(TYPES.NS, nameWire(to), { ns: to });
      case 2:
        return made(TYPES.SOA, soaData({ primary: to, admin: owner, serial: 5, minimum: number }), {
          primary: to,
          admin: owner.toLowerCase(),
          minimum: number,
        });
      case 3:
        return made(TYPES.SRV, dataOf({ type: "SRV", priority: 1, weight: 2, port: number, target: to }), {
          priority: 1,
          weight: 2,
          port: number,
          target: to,
        });
      case 4:
        return made(TYPES.CNAME, nameWire(to), { domain: to });
      case 5:
        return made(TYPES.AAAA, dataOf({ type: "AAAA", address: "2001:db8::5" }), { address: "2001:db8::5" });
      default:
        return made(TYPES.PTR, nameWire(to), { domain: to });
    }
  });
const lower = (value: unknown): unknown => JSON.parse(JSON.stringify(value).toLowerCase());

test("what we reply is read back by dns2, with the question as it came", () => {
  fc.assert(
    fc.property(name, fc.array(rr, { maxLength: 4 }), fc.array(rr, { maxLength: 2 }), fc.boolean(), (asked, answers, authorities, edns) => {
      const request = understood(query(asked, { id: 9, ...(edns && { edns: 4096 }) }));
      const reply: Reply = {
        ...NOTHING,
        rcode: RCODES.nxDomain,
        authoritative: true,
        answers: answers.map(({ ours }) => ours),
        authorities: authorities.map(({ ours }) => ours),
      };
      const bytes = writeReply(request, reply, { recursion: true, limit: 0xffff, because: "x" });
      const back = parsed(bytes);
      expect(back.errors).toEqual([]);
      expect(back.header).toMatchObject({ id: 9, qr: 1, aa: 1, ra: 1, rd: 1, tc: 0, rcode: 3 });
      expect(back.questions[0]).toMatchObject({ name: asked, type: 1, class: 1 });
      expect(lower(back.answers)).toMatchObject(answers.map(({ theirs }) => theirs));
      expect(lower(back.authorities)).toMatchObject(authorities.map(({ theirs }) => theirs));
      expect(back.additionals).toHaveLength(edns ? 1 : 0);
      expect(Buffer.from(bytes.subarray(12, 12 + request.raw.length)).equals(Buffer.from(request.raw))).toBe(true);
    }),
  );
});

test("a reply larger than the client takes is left out and marked as truncated", () => {
  const request = understood(query("many.cluster.lab"));
  const answers: Rr[] = Array.from({ length: 60 }, (_, i) => ({
    name: "many.cluster.lab",
    ttl: 1,
    type: TYPES.A,
    data: addressData(ipv4(`10.0.0.${i}`)),
  }));
  const back = parsed(writeReply(request, { ...NOTHING, authoritative: true, answers }, { recursion: false, limit: udpLimit(request) }));
  expect(back.header).toMatchObject({ tc: 1, ancount: 0, qdcount: 1 });
  const large = understood(query("many.cluster.lab", { edns: 65535 }));
  expect(
    parsed(writeReply(large, { ...NOTHING, authoritative: true, answers }, { recursion: false, limit: udpLimit(large) })).answers,
  ).toHaveLength(60);
});

test("an answer's name points to the question's, and the zone's into it", () => {
  const request = understood(query("cp-1.cluster.lab"));
  const answers: Rr[] = [{ name: "cp-1.cluster.lab", ttl: 1, type: TYPES.A, data: addressData(ipv4("10.0.0.11")) }];
  const bytes = writeReply(
    request,
    {
      ...NOTHING,
      authoritative: true,
      answers,
      authorities: [{ name: "cluster.lab", ttl: 1, type: TYPES.NS, data: nameWire("cluster.lab") }],
    },
    { recursion: false, limit: 512 },
  );
  expect([...bytes.subarray(34, 36)]).toEqual([0xc0, 12]);
  expect([...bytes.subarray(50, 52)]).toEqual([0xc0, 17]);
});

test("the reason goes with a refusal to whoever speaks EDNS", () => {
  const reply: Reply = { ...NOTHING, rcode: RCODES.refused };
  const explained = (request: Query): unknown =>
    parsed(writeReply(request, reply, { recursion: false, limit: 512, because: "it is not ours" })).additionals[0]?.rdata;
  expect(explained(understood(query("a.b", { edns: 1232 })))).toEqual([
    { ednsCode: Packet.EDNS_OPTION_CODE.EDE, infoCode: 0, extraText: "it is not ours" },
  ]);
  expect(explained(understood(query("a.b")))).toBeUndefined();
});
