/** Upstream servers that lie, fall silent or cut their answers short, behind our own server on real sockets. */
import { Packet } from "dns2";
import { afterEach, expect, test } from "vitest";
import { RCODES, TYPES } from "../../../../bootstrapper/dns/numbers.ts";
import { ipv4 } from "../../../../cluster/address.ts";
import {
  type Behaviour,
  fakeUpstream,
  parsed,
  query,
  record,
  respond,
  type Serving,
  serveDns,
  type Upstream,
} from "../../../support/dns.ts";
import { type UdpProbe, udpProbe } from "../../../support/udp-probe.ts";

const HOME = ipv4("127.0.0.1");
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function upstream(udp: Behaviour, tcp?: Behaviour): Promise<Upstream> {
  const made = await fakeUpstream(udp, tcp);
  open.push(made);
  return made;
}
async function behind(
  ...upstreams: readonly { port: number }[]
): Promise<{ server: Serving; client: UdpProbe; ask(bytes: Uint8Array): Promise<ReturnType<typeof parsed>> }> {
  const server = await serveDns({ upstream: upstreams.map(({ port }) => ({ address: HOME, port })), patience: { upstream: 150 } });
  const client = await udpProbe();
  open.push(server, client);
  return {
    server,
    client,
    ask: async (bytes) => {
      client.send(bytes, server.port);
      return parsed((await client.next()).bytes);
    },
  };
}
const truth: Behaviour = (asked) => [respond(asked).toBuffer()];
const lie = (asked: Parameters<Behaviour>[0], change: (bytes: Buffer) => void): Buffer => {
  const bytes = respond(asked, "6.6.6.6").toBuffer();
  change(bytes);
  return bytes;
};

test("what is not ours is asked upstream and answered, once for as long as it holds", async () => {
  const good = await upstream(truth);
  const { ask } = await behind(good);
  const first = await ask(query("Www.Example.com", { id: 5 }));
  expect(first).toMatchObject({
    header: { id: 5, ra: 1, aa: 0, rcode: 0 },
    questions: [{ name: "Www.Example.com" }],
    answers: [{ address: "192.0.2.7", ttl: 300 }],
  });
  expect(await ask(query("www.example.com", { id: 6 }))).toMatchObject({ header: { id: 6 }, answers: [{ address: "192.0.2.7" }] });
  expect(good.asked).toHaveLength(1);
});

test("our own names never leave the house", async () => {
  const good = await upstream(truth);
  const { ask } = await behind(good);
  for (const [name, type] of [
    ["cp-1.cluster.lab", TYPES.A],
    ["nobody.cluster.lab", TYPES.A],
    ["77.0.0.10.in-addr.arpa", TYPES.PTR],
    ["cp-1", TYPES.A],
    ["nobody", TYPES.A],
  ] as const)
    await ask(query(name, { type }));
  expect(good.asked).toEqual([]);
});

test.each([
  { what: "another id", change: (bytes: Buffer) => void bytes.writeUInt16BE(bytes.readUInt16BE(0) ^ 1, 0), says: "its id" },
  { what: "another question", change: (bytes: Buffer) => void bytes.write("z", 13), says: "its question" },
])("an answer with $what is dropped, and the true one behind it taken", async ({ change, says }) => {
  const { ask, server } = await behind(await upstream((asked) => [lie(asked, change), respond(asked).toBuffer()]));
  expect((await ask(query("a.example.com"))).answers).toMatchObject([{ address: "192.0.2.7" }]);
  expect(server.entries.map(({ text }) => text)).toEqual([
    expect.stringContaining(`dropped an answer in the name of upstream 127.0.0.1: ${says}`),
  ]);
});

test("an answer from another port is dropped, though everything in it is right", async () => {
  const stranger = await udpProbe();
  open.push(stranger);
  const asked: number[] = [];
  const slow = await udpProbe();
  open.push(slow);
  const { client, server } = await behind(slow);
  client.send(query("a.example.com"), server.port);
  const { bytes, port } = await slow.next();
  asked.push(port);
  stranger.send(respond(parsed(bytes), "6.6.6.6").toBuffer(), port);
  await new Promise((resolve) => setTimeout(resolve, 30));
  slow.send(respond(parsed(bytes)).toBuffer(), port);
  expect(parsed((await client.next()).bytes).answers).toMatchObject([{ address: "192.0.2.7" }]);
  expect(server.entries.map(({ text }) => text)).toEqual(["dropped an answer from 127.0.0.1, whom we did not ask"]);
});

test("ids and source ports cannot be guessed from those before", async () => {
  const good = await upstream(truth);
  const { ask } = await behind(good);
  for (let i = 0; i < 20; i++) await ask(query(`n${i}.example.com`));
  const distinct = (values: readonly number[]): number => new Set(values).size;
  const steps = (values: readonly number[]): number[] => values.slice(1).map((value, i) => value - values[i]!);
  for (const values of [good.asked.map(({ id }) => id), good.asked.map(({ port }) => port)]) {
    expect(distinct(values)).toBeGreaterThan(17);
    expect(distinct(steps(values))).toBeGreaterThan(10);
  }
});

test("a truncated answer is fetched over TCP", async () => {
  const many = (asked: Parameters<Behaviour>[0]): InstanceType<typeof Packet> => {
    const packet = respond(asked);
    packet.answers = Array.from(
      { length: 40 },
      (_, i) => new Packet.Resource({ name: "example.com", type: 1, class: 1, ttl: 9, address: `192.0.2.${i}` }),
    );
    return packet;
  };
  const cut: Behaviour = (asked) => [
    Object.assign(respond(asked), { answers: [], header: { ...respond(asked).header, tc: 1 } }).toBuffer(),
  ];
  const server = await upstream(cut, (asked) => [many(asked).toBuffer()]);
  const { ask } = await behind(server);
  expect((await ask(query("example.com", { edns: 1232 }))).answers).toHaveLength(40);
  expect(server.asked.map(({ tcp }) => tcp)).toEqual([false, true]);
  expect((await ask(query("other.example.com"))).header).toMatchObject({ tc: 1, ancount: 0 }); // too large for a client without EDNS
});

test("a silent server costs its patience, and the next one answers", async () => {
  const { ask, server } = await behind(await upstream(() => []), await upstream(truth));
  expect((await ask(query("a.example.com"))).answers).toHaveLength(1);
  expect(server.entries.map(({ text }) => text)).toEqual(["upstream 127.0.0.1 gave no usable answer about a.example.com in time"]);
});

test("when all are silent the client hears SERVFAIL and why", async () => {
  const { ask } = await behind(await upstream(() => []));
  const answer = await ask(query("a.example.com", { edns: 1232 }));
  expect(answer).toMatchObject({
    header: { rcode: RCODES.servFail, ra: 1 },
    additionals: [{ rdata: [{ extraText: "no upstream server answered" }] }],
  });
});

test("an upstream that is this server itself is not asked", async () => {
  const before = await serveDns();
  const { port } = before;
  await before.close();
  const entries: string[] = [];
  const looped = await serveDns({ port, upstream: [{ address: HOME, port }], journal: ({ text }) => entries.push(text) });
  open.push(looped);
  const client = await udpProbe();
  open.push(client);
  client.send(query("a.example.com"), looped.port);
  expect(parsed((await client.next()).bytes).header.rcode).toBe(RCODES.refused);
  expect(entries).toEqual([expect.stringContaining("is this server itself")]);
});

test("a server that closes waits for nobody", async () => {
  const deaf = await upstream(() => []);
  const server = await serveDns({ upstream: [{ address: HOME, port: deaf.port }], patience: { upstream: 60_000 } });
  const client = await udpProbe();
  open.push(client);
  client.send(query("a.example.com"), server.port);
  await expect.poll(() => deaf.asked.length).toBe(1);
  await server.close();
  expect(deaf.asked).toHaveLength(1);
});

test("garbage from upstream is never passed on", async () => {
  const { ask } = await behind(
    await upstream((_, raw) => [
      Buffer.concat([raw.subarray(0, 2), Buffer.of(0x81, 0x80), Buffer.alloc(200, 0xc0)]),
      Buffer.alloc(0),
      Buffer.alloc(5),
    ]),
  );
  expect((await ask(query("a.example.com"))).header.rcode).toBe(RCODES.servFail);
});

test("a server that does not repeat capitals is asked over TCP, and from then on in small letters", async () => {
  const small: Behaviour = (asked) => {
    asked.questions[0]!.name = asked.questions[0]!.name.toLowerCase();
    return [respond(asked).toBuffer()];
  };
  const mangling = await upstream(small, small);
  const { ask, server } = await behind(mangling);
  for (const name of ["first-name-of-all.example.com", "second-name.example.com"])
    expect((await ask(query(name))).answers).toMatchObject([{ address: "192.0.2.7" }]);
  expect(mangling.asked.map(({ tcp }) => tcp)).toEqual([false, true, false]);
  expect(server.entries.map(({ text }) => text)).toEqual([expect.stringContaining("does not repeat capitals")]);
});

test("a server that does not repeat capitals and serves no TCP still answers", async () => {
  const mangling = await upstream((asked) => {
    asked.questions[0]!.name = asked.questions[0]!.name.toLowerCase();
    return [respond(asked).toBuffer()];
  });
  const { ask } = await behind(mangling);
  expect((await ask(query("a-long-enough-name.example.com"))).answers).toHaveLength(1);
});

test("a forger who knows id and port, but not the capitals, is not believed when the server speaks TCP", async () => {
  const forged = await upstream((asked) => {
    asked.questions[0]!.name = asked.questions[0]!.name.toLowerCase();
    return [respond(asked, "6.6.6.6").toBuffer()];
  }, truth);
  const { ask } = await behind(forged);
  expect((await ask(query("a-long-enough-name.example.com"))).answers).toMatchObject([{ address: "192.0.2.7" }]);
});

test("a zone of its own servers is asked there, and our own words for it are not", async () => {
  const [general, corporate] = [await upstream(truth), await upstream((asked) => [respond(asked, "10.1.1.1").toBuffer()])];
  const corp = ipv4("192.0.2.99");
  const server = await serveDns({
    described: {
      dns: {
        forward: [{ zone: "corp.example", servers: [corp] }],
        records: [
          record("mail.cluster.lab", { type: "CNAME", target: "mx.corp.example" }),
          record("out.cluster.lab", { type: "CNAME", target: "www.example.com" }),
        ],
      },
    },
    upstream: [{ address: HOME, port: general.port }],
    at: (address) => ({ address: HOME, port: address === corp ? corporate.port : general.port }),
  });
  const client = await udpProbe();
  open.push(server, client);
  const ask = async (name: string): Promise<unknown[]> => {
    client.send(query(name), server.port);
    return parsed((await client.next()).bytes).answers.map(({ name, address, domain }) => `${name.toLowerCase()} ${address ?? domain}`);
  };
  expect(await ask("www.corp.example")).toEqual(["www.corp.example 10.1.1.1"]);
  expect(await ask("www.example.org")).toEqual(["www.example.org 192.0.2.7"]);
  expect(await ask("mail.cluster.lab")).toEqual(["mail.cluster.lab mx.corp.example", "mx.corp.example 10.1.1.1"]);
  expect(await ask("out.cluster.lab")).toEqual(["out.cluster.lab www.example.com", "www.example.com 192.0.2.7"]);
  expect([general.asked.length, corporate.asked.length]).toEqual([2, 2]);
});

test("when no server answers any more, what one said before is told for half a minute", async () => {
  let alive = true;
  const mortal = await upstream((asked) => (alive ? [respond(asked, "192.0.2.7", 1).toBuffer()] : []));
  let now = 1_777_777_777_000;
  const server = await serveDns({ upstream: [{ address: HOME, port: mortal.port }], patience: { upstream: 60 }, now: () => now });
  const client = await udpProbe();
  open.push(server, client);
  const ask = async () => {
    client.send(query("a.example.com", { edns: 1232 }), server.port);
    return parsed((await client.next()).bytes);
  };
  await ask();
  alive = false;
  now += 5000;
  expect(await ask()).toMatchObject({
    header: { rcode: 0 },
    answers: [{ ttl: 30, address: "192.0.2.7" }],
    additionals: [{ rdata: [{ infoCode: 3 }] }],
  });
});

test("on a network that loses two of three datagrams and repeats the third, every question is answered", async () => {
  let heard = 0;
  const lossy = await upstream((asked) => {
    heard += 1;
    const answer = respond(asked).toBuffer();
    return heard % 3 === 0 ? [answer, answer] : [];
  });
  const { ask } = await behind(lossy);
  for (let i = 0; i < 5; i++) expect((await ask(query(`n${i}.example.com`))).answers).toHaveLength(1);
  expect(lossy.asked).toHaveLength(15);
});
