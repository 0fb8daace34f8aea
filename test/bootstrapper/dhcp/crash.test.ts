/** kill -9 in the middle of a load, again and again: whoever was told ACK has that address afterwards, and nobody else does. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { decodePacket, encodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import { readTables } from "../../../bootstrapper/store/file-store.ts";
import { openUdp } from "../../../bootstrapper/wire/udp.ts";
import { type Ipv4, ipv4, type Mac } from "../../../cluster/address.ts";
import { message, stranger } from "../../support/dhcp.ts";

const SERVER = ipv4("127.0.0.1");
const RELAY = ipv4("127.0.0.254");
const ROUNDS = 8;
const MACHINES = 120;

test("kill -9 at any moment loses no lease that was acknowledged, and gives none to another", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "sextant-crash-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  /** What each machine was told last. */
  const told = new Map<Mac, Ipv4>();
  let acknowledged = 0;
  let enough = (): void => {};

  const machines = await openUdp({ address: RELAY, port: 0 }, (bytes, from) => {
    const { mac, yourAddress, options } = decodePacket(bytes);
    if (options.messageType === "offer") say("request", mac, { requestedAddress: yourAddress, serverId: SERVER }, from.port);
    if (options.messageType !== "ack") return;
    told.set(mac, yourAddress);
    acknowledged += 1;
    enough();
    say("request", mac, { requestedAddress: yourAddress }, from.port); // and it renews at once, so that the server is never idle
  });
  onTestFinished(() => machines.close());
  function say(type: "discover" | "request", mac: Mac, options: object, port: number): void {
    machines.post(encodePacket(message(type, options, { mac, relayAddress: RELAY })), { address: SERVER, port });
  }

  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", join(import.meta.dirname, "crash-child.ts"), folder, String(machines.address().port)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    const port = await portOf(child);
    // Half of the machines come back and say what they have; they must be right. The others are new, or begin again.
    for (const [mac, address] of told) say("request", mac, { requestedAddress: address }, port);
    for (let number = 0; number < MACHINES; number++) say("discover", stranger(round * 7 + number), {}, port);
    const goal = acknowledged + 1 + ((round * 97) % 400);
    await new Promise<void>((resolve) => {
      enough = () => {
        if (acknowledged >= goal) resolve();
      };
    });
    child.kill("SIGKILL");
    await once(child, "exit");

    const kept = (await readTables(folder)).get("leases") as ReadonlyMap<string, { mac: Mac; state: string }>;
    for (const [mac, address] of told) expect(kept.get(address), `${mac} was told ${address}`).toMatchObject({ mac, state: "bound" });
    expect(new Set(told.values()).size).toBe(told.size);
  }
  expect(acknowledged).toBeGreaterThan(ROUNDS);
});

async function portOf(child: ChildProcess): Promise<number> {
  let said = "";
  for await (const bytes of child.stdout!) {
    said += bytes;
    const port = /PORT (\d+)/.exec(said)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`the server did not start: ${said}`);
}
