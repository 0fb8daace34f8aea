/** Questions are passed on over a network that loses, repeats and reorders, and each gets its own answer. */
import { Packet } from "dns2";
import { afterEach, expect, test } from "vitest";
import { ipv4 } from "../../../../cluster/address.ts";
import { fakeUpstream, parsed, query, respond, serveDns } from "../../../support/dns.ts";
import { lossyProxy, type Weather } from "../../../support/lossy-proxy.ts";
import { udpProbe } from "../../../support/udp-probe.ts";

const QUESTIONS = Array.from({ length: 100 }, (_, index) => ({
  name: `host-${index}.example.org`,
  address: `192.0.2.${index}`,
  id: 100 + index,
}));
/** Milliseconds until a client asks again. */
const PATIENCE = 1000;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test.each<Weather>([
  { lost: 0.01, seed: 41 },
  { lost: 0.1, seed: 42 },
  { late: 0.2, seed: 43 },
  { repeated: 0.3, seed: 44 },
  { lost: 0.05, repeated: 0.1, late: 0.1, seed: 45 },
])("a hundred questions at once, in weather %o", async (weather) => {
  const upstream = await fakeUpstream((asked) => {
    const number = /^host-(\d+)\./i.exec(asked.questions[0]!.name)?.[1];
    return [respond(asked, `192.0.2.${number}`).toBuffer()];
  });
  closing.push(() => upstream.close());
  const beyond = await lossyProxy(upstream.port, weather);
  const server = await serveDns({ upstream: [{ address: ipv4("127.0.0.1"), port: beyond.port }] });
  const before = await lossyProxy(server.port, { ...weather, seed: weather.seed + 1000 });
  const client = await udpProbe();
  closing.push(
    () => beyond.close(),
    () => server.close(),
    () => before.close(),
    () => client.close(),
  );

  const open = new Map(QUESTIONS.map((one) => [one.id, one]));
  const wrong: string[] = [];
  for (let tries = 0; tries < 8 && open.size > 0; tries++) {
    for (const { id, name } of open.values()) client.send(query(name, { id }), before.port);
    for (const { bytes } of await client.hear(PATIENCE)) {
      const { header, questions, answers } = parsed(bytes);
      const asked = QUESTIONS.find(({ id }) => id === header.id)!;
      if (header.rcode === 2) continue; // nobody could be reached in time; the client asks again
      if (questions[0]?.name !== asked.name || answers[0]?.type !== Packet.TYPE.A || answers[0].address !== asked.address)
        wrong.push(`${asked.name} was answered ${questions[0]?.name} ${answers[0]?.address}`);
      open.delete(header.id);
    }
  }
  expect(wrong).toEqual([]);
  expect([...open.values()]).toEqual([]);
  expect(beyond.counts.lost + beyond.counts.late + beyond.counts.repeated).toBeGreaterThan(0);
});
