import { expect, test, vi } from "vitest";
import { probe } from "../../../../bootstrapper/dns/probe/service.ts";
import { watchdog } from "../../../../bootstrapper/dns/probe/watchdog.ts";
import { ipv4 } from "../../../../cluster/address.ts";
import { serveDns } from "../../../support/dns.ts";
import { udpProbe } from "../../../support/udp-probe.ts";

const random = (bytes: number): Uint8Array => Buffer.alloc(bytes, 9);

test("a server that answers is well, and says how much it has answered", async () => {
  const server = await serveDns();
  expect(await server.probe()).toBeUndefined();
  expect([server.ok(), server.health()]).toEqual([true, "serving cluster.lab, 1 answered"]);
  await server.close();
});

test("a port that is open and silent is not well, nor is one that answers something else", async () => {
  const other = await udpProbe();
  const at = { address: ipv4("127.0.0.1"), port: other.port };
  expect(await probe(at, "cluster.lab", random)).toContain("no answer from 127.0.0.1");
  await other.next();
  const asking = probe(at, "cluster.lab", random);
  const { bytes, port } = await other.next();
  const refusal = Buffer.from(bytes);
  refusal.writeUInt16BE(0x8005, 2);
  other.send(refusal, port);
  expect(await asking).toContain("not that of its own server");
  other.close();
});

test("one failure is passed over, two are told once, and so is the end of it", async () => {
  vi.useFakeTimers();
  const answers: (string | undefined)[] = ["late", undefined, "late", "late", "gone", undefined];
  const told: (string | undefined)[] = [];
  const dog = watchdog(
    async () => answers.shift(),
    (trouble) => told.push(trouble),
    1000,
  );
  const seen: (string | undefined)[] = [];
  for (let second = 0; second < 6; second++) {
    await vi.advanceTimersByTimeAsync(1000);
    seen.push(dog.trouble());
  }
  expect(seen).toEqual([undefined, undefined, undefined, "late", "gone", undefined]);
  expect(told).toEqual(["late", undefined]);
  dog.close();
  vi.useRealTimers();
});
