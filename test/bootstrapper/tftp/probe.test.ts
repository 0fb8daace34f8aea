import { expect, test } from "vitest";
import { tftpTrouble, watchTftp } from "../../../bootstrapper/tftp/probe.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { serveTftp } from "../../support/tftp.ts";
import { udpProbe } from "../../support/udp-probe.ts";

const LOOPBACK = ipv4("127.0.0.1");

test("a server that serves answers, and makes no complaint of the question", async () => {
  const server = await serveTftp({});
  expect(await tftpTrouble(LOOPBACK, server.port)).toBeUndefined();
  expect(server.entries).toEqual([]);
  expect(server.health()).toEqual({ ok: true, says: "serving" });
  await server.close();
});

test("one that is silent is in trouble, and so is one that answers nonsense", async () => {
  const silent = await udpProbe();
  expect(await tftpTrouble(LOOPBACK, silent.port, 60)).toBe(`it does not answer on 127.0.0.1:${silent.port}/udp within 60 ms`);
  const asked = await silent.hear(0);
  expect(asked).toHaveLength(2);
  const nonsense = tftpTrouble(LOOPBACK, silent.port, 1000);
  silent.send(Uint8Array.of(0, 4, 0, 0), (await silent.next()).port);
  expect(await nonsense).toContain("with a wrong ack packet");
  silent.close();
});

test("a watch notices when a server is gone", async () => {
  const server = await serveTftp({});
  const watch = watchTftp(LOOPBACK, server.port, 10);
  expect(watch.trouble()).toBeUndefined();
  await server.close();
  await expect.poll(() => watch.trouble(), { timeout: 5000 }).toContain("does not answer");
  await watch.close();
});
