/** The messages that break DNS servers, each sent to ours, which then still answers. */
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Lease, leasesOf } from "../../../bootstrapper/dns/leases.ts";
import { RCODES, TYPES } from "../../../bootstrapper/dns/numbers.ts";
import { Frames, framed } from "../../../bootstrapper/dns/tcp/frames.ts";
import { ipv4, mac, subnet } from "../../../cluster/address.ts";
import { described, key, LEASES, parsed, query, type Serving, serveDns } from "../../support/dns.ts";
import { type UdpProbe, udpProbe } from "../../support/udp-probe.ts";

let server: Serving;
let client: UdpProbe;
const sockets: Socket[] = [];
beforeEach(async () => {
  server = await serveDns({ patience: { client: 300 } });
  client = await udpProbe();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  client.close();
  await server.close();
});

async function ask(message: Uint8Array): Promise<ReturnType<typeof parsed>> {
  client.send(message, server.port);
  return parsed((await client.next()).bytes);
}
async function stillAnswers(): Promise<void> {
  expect(await ask(query("cp-1.cluster.lab", { id: 99 }))).toMatchObject({
    header: { id: 99, rcode: 0 },
    answers: [{ address: "10.0.0.11" }],
  });
}
const message = (counts: readonly number[], body: string): Buffer => {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(77, 0);
  for (const [index, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * index);
  return Buffer.concat([header, Buffer.from(body, "latin1")]);
};
const QUESTION = "\x04cp-1\x07cluster\x03lab\0\0\x01\0\x01"; // 22 bytes: ends at 34

// biome-ignore format: a table
test.each([
  { packet: "a name that points to itself",          bytes: message([1, 0, 0, 0], "\xc0\x0c\0\x01\0\x01") },
  { packet: "a name that points forward",            bytes: message([1, 0, 0, 0], "\xc0\x20\0\x01\0\x01") },
  { packet: "a record whose name points to itself",  bytes: message([1, 0, 0, 1], `${QUESTION}\xc0\x22${"\0".repeat(10)}`) },
  { packet: "a label of 64",                         bytes: message([1, 0, 0, 0], `\x40${"a".repeat(64)}\0\0\x01\0\x01`) },
  { packet: "a name over 255",                       bytes: message([1, 0, 0, 0], `${`\x3f${"a".repeat(63)}`.repeat(4)}\0\0\x01\0\x01`) },
  { packet: "many questions",                        bytes: message([3, 0, 0, 0], QUESTION.repeat(3)) },
  { packet: "65535 questions",                       bytes: message([0xffff, 0, 0, 0], QUESTION) },
  { packet: "no question",                           bytes: message([0, 0, 0, 0], "") },
  { packet: "12 bytes that claim 65535 of everything", bytes: message([0xffff, 0xffff, 0xffff, 0xffff], "") },
  { packet: "a bad OPT",                             bytes: message([1, 0, 0, 1], `${QUESTION}\0\0\x29\x04\xd0\0\0\0\0\0\x03\0\x0a\0`) },
  { packet: "two OPTs",                              bytes: message([1, 0, 0, 2], `${QUESTION}${"\0\0\x29\x04\xd0\0\0\0\0\0\0".repeat(2)}`) },
  { packet: "60 KB behind its question",             bytes: message([1, 0, 0, 0], QUESTION + "x".repeat(60_000)) },
])("answers $packet with FORMERR, and still serves", async ({ bytes }) => {
  expect((await ask(bytes)).header).toMatchObject({ id: 77, qr: 1, rcode: RCODES.formErr });
  await stillAnswers();
});

test("EDNS version 1 is answered with BADVERS, and a huge size with what we send", async () => {
  expect((await ask(message([1, 0, 0, 1], `${QUESTION}\0\0\x29\xff\xff\0\x01\0\0\0\0`))).header.rcode).toBe(RCODES.badVers);
  const huge = await ask(message([1, 0, 0, 1], `${QUESTION}\0\0\x29\xff\xff\0\0\0\0\0\0`));
  expect(huge).toMatchObject({ header: { rcode: 0 }, additionals: [{ class: 1232 }] });
  await stillAnswers();
});

test.each([
  { packet: "a response", bytes: query("cp-1.cluster.lab").fill(0x80, 2, 3) },
  { packet: "half a header", bytes: Buffer.alloc(6) },
  { packet: "nothing", bytes: Buffer.alloc(0) },
])("is silent to $packet, and still serves", async ({ bytes }) => {
  client.send(bytes, server.port);
  expect(await client.hear(50)).toEqual([]);
  await stillAnswers();
});

test("nobody may copy the zone, and whoever tries is journaled", async () => {
  for (const type of [TYPES.AXFR, TYPES.IXFR]) expect((await ask(query("cluster.lab", { type }))).header.rcode).toBe(RCODES.refused);
  expect(server.entries.map(({ level, text }) => `${level}: ${text}`)).toContain(
    "refused: 127.0.0.1 asked for AXFR of cluster.lab: nobody may copy a zone without a key for it",
  );
  expect((await ask(query("cp-1.cluster.lab", { type: TYPES.ANY }))).answers).toHaveLength(1);
  await stillAnswers();
});

test("10,000 mutated messages end nothing", async () => {
  const seeds = [
    query("cp-1.cluster.lab", { edns: 1232 }),
    query("11.0.0.10.in-addr.arpa", { type: TYPES.PTR }),
    query("x", { type: 255 }),
  ];
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 }))
    .map(([seed, changes]) => {
      const bytes = Buffer.from(seed);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes;
    });
  const flood = await udpProbe();
  for (const [index, bytes] of fc.sample(mutated, { numRuns: 10_000, seed: 1 }).entries()) {
    flood.send(bytes, server.port);
    if (index % 200 === 0) await flood.hear(1);
  }
  expect(await flood.hear(50)).not.toEqual([]);
  while ((await flood.hear(50)).length > 0); // until the backlog is answered; what came when it was full is lost
  flood.close();
  await stillAnswers();
  expect(server.entries.filter(({ level }) => level === "warning")).toEqual([]);
  expect(server.entries.length).toBeLessThan(40);
});

async function dial(): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1").on("error", () => {});
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}
/** Messages that come back until `count` are there or the connection ends. */
function answers(socket: Socket, count: number): Promise<ReturnType<typeof parsed>[]> {
  return new Promise((resolve) => {
    const frames = new Frames(0xffff);
    const got: ReturnType<typeof parsed>[] = [];
    socket.on("data", (part) => {
      got.push(...frames.take(part)!.map(parsed));
      if (got.length >= count) resolve(got);
    });
    socket.on("close", () => resolve(got));
  });
}

test("TCP: several queries in one stream are answered in order, however they are cut", async () => {
  const socket = await dial();
  const stream = Buffer.concat([1, 2, 3].map((id) => framed(query("cp-1.cluster.lab", { id }))));
  const got = answers(socket, 3);
  for (let at = 0; at < stream.length; at += 7) socket.write(stream.subarray(at, at + 7));
  expect((await got).map(({ header, answers }) => [header.id, answers[0]?.address])).toEqual([1, 2, 3].map((id) => [id, "10.0.0.11"]));
});

test("TCP: a client that has said everything still hears its answer", async () => {
  const socket = await dial();
  const got = answers(socket, 2);
  socket.end(framed(query("cp-1.cluster.lab", { id: 5 })));
  expect((await got).map(({ header }) => header.id)).toEqual([5]);
});

test.each([
  { what: "a length of 0", bytes: Buffer.of(0, 0) },
  { what: "a length of 65535", bytes: Buffer.concat([Buffer.of(255, 255), query("cp-1.cluster.lab")]) },
  { what: "a response", bytes: framed(query("cp-1.cluster.lab").fill(0x80, 2, 3)) },
])("TCP: $what ends the connection and nothing else", async ({ bytes }) => {
  const socket = await dial();
  socket.write(bytes);
  expect(await answers(socket, 1)).toEqual([]);
  await stillAnswers();
});

test("TCP: a client that promises more than it sends, or sends byte by byte, is dropped", async () => {
  const [promising, trickling, idle] = [await dial(), await dial(), await dial()];
  promising.write(Buffer.of(0, 100, 1, 2, 3));
  const drops = setInterval(() => trickling.write(Buffer.of(0)), 20);
  await Promise.all([promising, trickling, idle].map((socket) => once(socket.resume(), "close")));
  clearInterval(drops);
  await stillAnswers();
});

test("TCP: one address gets a few connections, and others still get theirs", async () => {
  const many = await Promise.all(Array.from({ length: 16 }, dial));
  const refused = connect(server.port, "127.0.0.1").on("error", () => {});
  await once(refused.resume(), "close");
  many[0]!.write(framed(query("cp-1.cluster.lab", { id: 6 })));
  expect((await answers(many[0]!, 1))[0]?.header.id).toBe(6);
  await stillAnswers();
});

test("a closed server frees its port, open connections or not", async () => {
  const closing = await serveDns();
  const socket = connect(closing.port, "127.0.0.1").on("error", () => {});
  await once(socket, "connect");
  await closing.close();
  client.send(query("cp-1.cluster.lab"), closing.port);
  expect(await client.hear(50)).toEqual([]);
  socket.destroy();
});

test("TCP: an answer that takes long does not hold up those behind it", async () => {
  const deaf = await udpProbe();
  const slow = await serveDns({ upstream: [{ address: ipv4("127.0.0.1"), port: deaf.port }], patience: { upstream: 400 } });
  const socket = connect(slow.port, "127.0.0.1").on("error", () => {});
  sockets.push(socket);
  await once(socket, "connect");
  const got = answers(socket, 2);
  socket.write(Buffer.concat([framed(query("www.example.com", { id: 1 })), framed(query("cp-1.cluster.lab", { id: 2 }))]));
  expect((await got).map(({ header }) => [header.id, header.rcode])).toEqual([
    [2, 0],
    [1, RCODES.servFail],
  ]);
  deaf.close();
  await slow.close();
});

test("a signed UPDATE or AXFR with rubbish for a signature is refused, and the server goes on", async () => {
  const rubbish = (flags: number, type: number, data: string): Buffer => {
    const body = message([1, 0, 0, 1], `\x07cluster\x03lab\0\0${String.fromCharCode(type)}\0\x01\x01k\0\0\xfa\0\xff\0\0\0\0${data}`);
    body[2] = flags;
    return body;
  };
  for (const bytes of [rubbish(0x28, 6, "\0\0"), rubbish(0, 252, "\0\x05\x01a\0\0\0"), rubbish(0x28, 6, `\0\x40${"\xc0\x0c".repeat(32)}`)])
    expect((await ask(bytes)).header.rcode).toBe(RCODES.formErr);
  await stillAnswers();
});

test("another description is served at once, on the same port, and a broken one changes nothing", async () => {
  const cluster = described({ domain: "other.lab", upstream: [ipv4("192.0.2.1")] });
  await server.reconfigure(cluster);
  expect(await ask(query("cp-1.other.lab"))).toMatchObject({ header: { rcode: 0, aa: 1 }, answers: [{ address: "10.0.0.11" }] });
  expect((await ask(query("cp-1.cluster.lab", { recursion: false }))).header).toMatchObject({ rcode: RCODES.refused, ra: 1 });
  await expect(server.reconfigure(described({ dns: { keys: [key("lost")] } }))).rejects.toThrow("tls/dns/lost.key");
  expect((await ask(query("cp-1.other.lab"))).header.rcode).toBe(0);
});

test("a key that cannot be read at the start is told, and everything else is served", async () => {
  const other = await serveDns({
    described: { dns: { keys: [key("lost")] } },
    readSecret: async (path) => Buffer.from(`nothing in ${path}`),
  });
  expect(other.entries).toMatchObject([
    { level: "warning", text: expect.stringContaining("tls/dns/lost.key: holds no key instead of lost") },
  ]);
  client.send(query("cp-1.cluster.lab"), other.port);
  expect(parsed((await client.next()).bytes).answers).toHaveLength(1);
  await other.close();
});

test("the serial rises when a lease comes, for whoever asks for it", async () => {
  let leases: readonly Lease[] = LEASES;
  const other = await serveDns({ leases: { ...leasesOf(LEASES), all: () => leases } });
  const serial = async (): Promise<number> => {
    client.send(query("cluster.lab", { type: TYPES.SOA }), other.port);
    return parsed((await client.next()).bytes).answers[0]!.serial!;
  };
  const before = await serial();
  leases = LEASES.slice(1);
  await expect.poll(serial, { timeout: 5000 }).toBeGreaterThan(before);
  await other.close();
});

test("answers about leases are half a second old at most", async () => {
  let held = LEASES;
  const other = await serveDns({ leases: { ...leasesOf(LEASES), addressNamed: (name) => leasesOf(held).addressNamed(name) } });
  const named = async (): Promise<number> => {
    client.send(query("stranger.cluster.lab"), other.port);
    return parsed((await client.next()).bytes).answers.length;
  };
  expect(await named()).toBe(1);
  held = [];
  await expect.poll(named, { timeout: 2000 }).toBe(0);
  await other.close();
});

test("our addresses in further subnets are served too, from the moment a description names them until it no longer does", async () => {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.2:${server.port}`]);
  const plain = described();
  const [other, lost] = ["127.0.0.2", "203.0.113.1"].map((address) => ({ subnet: subnet("10.1.0.0/24"), bootstrapper: ipv4(address) }));
  const further = (...subnets: unknown[]) => ({ ...plain, network: { ...plain.network, subnets } }) as typeof plain;
  await expect(resolver.resolve4("cp-1.cluster.lab")).rejects.toThrow();
  await server.reconfigure(further(other, lost));
  expect(await resolver.resolve4("cp-1.cluster.lab")).toEqual(["10.0.0.11"]);
  expect(await resolver.resolve4("bootstrapper.cluster.lab")).toHaveLength(3);
  expect(server.entries.map(({ text }) => text)).toEqual([
    expect.stringContaining("not served on 203.0.113.1: cannot listen on 203.0.113.1"),
  ]);
  await server.reconfigure(plain);
  await expect(resolver.resolve4("cp-1.cluster.lab")).rejects.toThrow();
  await stillAnswers();
});

test("the API's name follows the control planes that serve it, also where an answer was kept, and secondaries are told", async () => {
  const api = async (): Promise<unknown[]> => (await ask(query("api.cluster.lab"))).answers.map((one) => one.address).sort();
  const serial = async (): Promise<number> => (await ask(query("cluster.lab", { type: TYPES.SOA }))).answers[0]!.serial as number;
  const before = await serial();
  expect(await api()).toEqual(["10.0.0.11", "10.0.0.14"]);
  server.setServing([mac("52:54:00:00:00:14")]);
  expect(await api()).toEqual(["10.0.0.14"]);
  const after = await serial();
  expect(after).toBeGreaterThan(before);
  server.setServing([mac("52:54:00:00:00:14")]);
  expect(await serial()).toBe(after);
  server.setServing([]);
  expect(await api()).toEqual(["10.0.0.11", "10.0.0.14"]);
});
