import type { Packet } from "dns2";
import { expect, test } from "vitest";
import { type Exchange, Forwarder, type ForwardOptions } from "../../../../bootstrapper/dns/forward/forwarder.ts";
import { type Query, readQuery } from "../../../../bootstrapper/dns/message.ts";
import type { UdpPeer } from "../../../../bootstrapper/wire/udp.ts";
import { ipv4 } from "../../../../cluster/address.ts";
import { parsed, query, respond } from "../../../support/dns.ts";

const [FIRST, SECOND] = [
  { address: ipv4("10.0.0.2"), port: 53 },
  { address: ipv4("10.0.0.3"), port: 53 },
];
const ask = (name: string): Query => {
  const received = readQuery(query(name));
  if (!("query" in received)) throw new Error(received.because);
  return received.query;
};
const silent: Exchange = async () => undefined;
const answering =
  (change: (packet: InstanceType<typeof Packet>) => void = () => {}): Exchange =>
  async (_, bytes, fits) => {
    const packet = respond(parsed(bytes));
    change(packet);
    const fit = fits(packet.toBuffer());
    return fit === "no use" ? undefined : fit;
  };
const failing = answering((packet) => Object.assign(packet, { answers: [], header: { ...packet.header, rcode: 2 } }));

function forwarder(
  udp: Exchange,
  { servers = [FIRST, SECOND], ...rest }: Partial<ForwardOptions> & { readonly servers?: readonly UdpPeer[] } = {},
): { forwarder: { resolve(query: Query): ReturnType<Forwarder["resolve"]> }; asked: string[]; troubles: string[]; clock: { now: number } } {
  const asked: string[] = [];
  const troubles: string[] = [];
  const clock = { now: 0 };
  const counted: Exchange = (server, ...others) => {
    asked.push(server.address);
    return udp(server, ...others);
  };
  const made = new Forwarder({
    over: { udp: counted, tcp: silent },
    now: () => clock.now,
    random: (bytes) => Buffer.alloc(bytes, 7),
    onTrouble: (text) => troubles.push(text),
    ...rest,
  });
  return { forwarder: { resolve: (query) => made.resolve(query, servers) }, asked, troubles, clock };
}
const bySecond =
  (exchange: Exchange, first: Exchange = silent): Exchange =>
  (server, ...others) =>
    (server === SECOND ? exchange : first)(server, ...others);

test("the next server is asked when one is silent, and then it is the first one asked", async () => {
  const { forwarder: made, asked, troubles } = forwarder(bySecond(answering()));
  expect(await made.resolve(ask("a.example"))).toMatchObject({ age: 0, response: { rcode: 0 } });
  await made.resolve(ask("b.example"));
  expect(asked).toEqual([FIRST.address, SECOND.address, SECOND.address]);
  expect(troubles).toEqual(["upstream 10.0.0.2 gave no usable answer about a.example in time"]);
});

test("the next server is asked when one fails, and its failure is the answer when all fail", async () => {
  const { forwarder: made, asked } = forwarder(bySecond(answering(), failing));
  expect(await made.resolve(ask("a.example"))).toMatchObject({ response: { rcode: 0 } });
  expect(asked).toEqual([FIRST.address, SECOND.address]);
  expect(await forwarder(failing).forwarder.resolve(ask("a.example"))).toMatchObject({ response: { rcode: 2 } });
});

test("a single server is asked three times, for datagrams get lost", async () => {
  const { forwarder: made, asked } = forwarder(silent, { servers: [FIRST] });
  expect(await made.resolve(ask("a.example"))).toEqual({ because: "no upstream server answered" });
  expect(asked).toHaveLength(3);
});

test("an answer is kept and its age told, until it has run out", async () => {
  const { forwarder: made, asked, clock } = forwarder(answering());
  await made.resolve(ask("a.example"));
  clock.now = 299_000;
  expect(await made.resolve(ask("A.Example"))).toMatchObject({ age: 299 });
  expect(asked).toHaveLength(1);
  clock.now = 300_000;
  expect(await made.resolve(ask("a.example"))).toMatchObject({ age: 0 });
  expect(asked).toHaveLength(2);
});

test("many who ask the same at once cause one question, and so does a question that comes back in a circle", async () => {
  const { forwarder: made, asked } = forwarder((...all) => new Promise((resolve) => setTimeout(() => resolve(answering()(...all)), 20)));
  const answers = await Promise.all(Array.from({ length: 50 }, () => made.resolve(ask("a.example"))));
  expect(answers.every((answer) => "response" in answer)).toBe(true);
  expect(asked).toHaveLength(1);

  const circle: { forwarder?: ReturnType<typeof forwarder>["forwarder"] } = {};
  const back: Exchange = async () => {
    await Promise.race([circle.forwarder!.resolve(ask("a.example")), new Promise((resolve) => setTimeout(resolve, 20))]);
    return undefined;
  };
  const looping = forwarder(back);
  circle.forwarder = looping.forwarder;
  expect(await looping.forwarder.resolve(ask("a.example"))).toEqual({ because: "no upstream server answered" });
  expect(looping.asked).toHaveLength(3);
});

test("what waits is bounded", async () => {
  const waiting: (() => void)[] = [];
  const { forwarder: made, asked } = forwarder(() => new Promise((resolve) => waiting.push(() => resolve(undefined))), {
    servers: [FIRST],
  });
  const first = Array.from({ length: 256 }, (_, i) => made.resolve(ask(`n${i}.example`)));
  expect(await made.resolve(ask("one-more.example"))).toEqual({ because: "too many questions wait for the upstream servers" });
  expect(asked).toHaveLength(256);
  const draining = setInterval(() => {
    for (const release of waiting.splice(0)) release();
  }, 1);
  await Promise.all(first);
  clearInterval(draining);
  expect(await Promise.race([made.resolve(ask("later.example")), Promise.resolve("asked")])).toBe("asked");
});

test("a truncated answer is fetched over TCP, and is what there is when TCP fails", async () => {
  const cut = answering((packet) => Object.assign(packet, { answers: [], header: { ...packet.header, tc: 1 } }));
  const whole = forwarder(cut, { over: { udp: cut, tcp: answering() } });
  expect(await whole.forwarder.resolve(ask("a.example"))).toMatchObject({ response: { truncated: false } });
  const part = forwarder(cut, { over: { udp: cut, tcp: silent } });
  expect(await part.forwarder.resolve(ask("a.example"))).toMatchObject({ response: { truncated: true } });
});
