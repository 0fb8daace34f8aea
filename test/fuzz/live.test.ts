/** Damaged packets at the servers themselves: after each volley a client is served as if nothing had been. */
import { expect, test } from "vitest";
import { below, type Chance, chanceFrom } from "../support/chance.ts";
import { at, CP1, PXE } from "../support/dhcp.ts";
import { parsed, query, serveDns } from "../support/dns.ts";
import { LOOPBACK, liveDhcp } from "../support/live-dhcp.ts";
import { fetchTftp, serveTftp } from "../support/tftp.ts";
import { type UdpProbe, udpProbe } from "../support/udp-probe.ts";
import { readCorpus } from "./corpus.ts";
import { mutated } from "./mutate.ts";
import { targets } from "./targets.ts";

const VOLLEYS = 10;
const PACKETS = 200;
/** No datagram on loopback is longer. */
const DATAGRAM = 65_507;

/** Fires changed bytes of that target at a port, and takes what comes back. */
async function volley(from: UdpProbe, port: number, name: string, chance: Chance): Promise<void> {
  const target = targets.find((one) => one.name === name)!;
  const known = [...target.seeds(), ...readCorpus(name)].filter(({ length }) => length > 0);
  for (let left = PACKETS; left > 0; left--) {
    from.send(mutated(known[below(known.length, chance)]!, chance, known).subarray(0, DATAGRAM), port);
    if (left % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await from.hear(20);
}

test("DHCP leases go on", async () => {
  const live = await liveDhcp();
  const attacker = await udpProbe();
  const chance = chanceFrom(11);
  for (let round = 0; round < VOLLEYS; round++) {
    await volley(attacker, live.dhcp.port, "dhcp-packet", chance);
    await live.client.hear(20); // what the damaged ones were answered
    const offer = await live.ask("discover", PXE["uefi"], { mac: CP1 });
    const ack = await live.ask("request", { serverId: LOOPBACK, ...at(offer.yourAddress) }, { mac: CP1 });
    expect([offer.yourAddress, ack.options.messageType, ack.yourAddress]).toEqual(["127.0.0.11", "ack", "127.0.0.11"]);
  }
  expect(live.lines.filter(({ text }) => text.includes("could not be handled"))).toEqual([]);
  expect(live.dhcp.counts().junk).toBeGreaterThan(0);
  attacker.close();
  await live.close();
});

test("TFTP transfers go on", async () => {
  const file = Buffer.from(Uint8Array.from({ length: 20_000 }, (_, index) => index * 7));
  const server = await serveTftp({ loader: file });
  const chance = chanceFrom(12);
  for (let round = 0; round < VOLLEYS; round++) {
    const attacker = await udpProbe(); // another each time, as its places are counted
    await volley(attacker, server.port, "tftp-packet", chance);
    expect((await fetchTftp(server.port, "loader", { blksize: 1468, windowsize: 4 })).equals(file)).toBe(true);
    attacker.close();
  }
  await server.close();
});

test("DNS questions are answered", async () => {
  const server = await serveDns();
  const [attacker, client] = [await udpProbe(), await udpProbe()];
  const chance = chanceFrom(13);
  for (let round = 0; round < VOLLEYS; round++) {
    await volley(attacker, server.port, "dns-query", chance);
    await volley(attacker, server.port, "dns-response", chance);
    client.send(query("cp-1.cluster.lab", { id: 100 + round }), server.port);
    const { header, answers } = parsed((await client.next()).bytes);
    expect([header.id, answers[0]?.address]).toEqual([100 + round, "10.0.0.11"]);
  }
  attacker.close();
  client.close();
  await server.close();
});
