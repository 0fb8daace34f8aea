import { afterEach, beforeEach, expect, test } from "vitest";
import { Hearing } from "../../../bootstrapper/wire/hearing.ts";
import { kernel } from "../../../bootstrapper/wire/kernel.ts";
import { makeSocket } from "../../../bootstrapper/wire/native-udp.ts";
import { fromNumber, ipv4 } from "../../../cluster/address.ts";
import { type UdpProbe, udpProbe } from "../../support/udp-probe.ts";

const ours = kernel!; // these tests run on Linux
let fd: number;
let port: number;
let client: UdpProbe;
beforeEach(async () => {
  client = await udpProbe();
  const spare = await udpProbe();
  port = spare.port;
  spare.close();
  fd = makeSocket(ours, { address: ipv4("127.0.0.1"), port, receiveBuffer: 1 << 20 });
});
afterEach(() => {
  client.close();
  ours.close(fd);
});

async function hear(hearing: Hearing, wanted: number): Promise<string[]> {
  const heard: string[] = [];
  await expect
    .poll(() => {
      const count = hearing.hear(fd);
      for (let slot = 0; slot < count; slot++)
        heard.push(`${fromNumber(hearing.address(slot))}:${hearing.port(slot)} ${hearing.bytes(slot).toString("hex")}`);
      return heard.length;
    })
    .toBe(wanted);
  return heard;
}

test("what came together is heard together, in order, with who sent it, and again after that", async () => {
  const hearing = new Hearing(ours);
  expect(hearing.hear(fd)).toBe(0);
  for (let round = 0; round < 3; round++) {
    for (const bytes of [[0, 4, 0, 1], [], [7, round]]) client.send(Uint8Array.from(bytes), port);
    const from = `127.0.0.1:${client.port}`;
    expect(await hear(hearing, 3)).toEqual([`${from} 00040001`, `${from} `, `${from} 070${round}`]);
  }
});

test("of a datagram that is too long the beginning is heard", async () => {
  const hearing = new Hearing(ours);
  client.send(Buffer.alloc(60_000, 9), port);
  client.send(Uint8Array.of(0, 4, 0, 2), port);
  const [long, next] = await hear(hearing, 2);
  expect(long).toBe(`127.0.0.1:${client.port} ${"09".repeat(640)}`);
  expect(next).toBe(`127.0.0.1:${client.port} 00040002`);
});

test("more than fit one call wait for the next", async () => {
  const hearing = new Hearing(ours);
  for (let each = 0; each < 300; each++) client.send(Uint8Array.of(0, 4, each >> 8, each & 255), port);
  const heard = await hear(hearing, 300);
  expect(heard.at(-1)).toContain(" 0004012b");
});
