/** The load against real servers on a wire of its own: ours and one that nobody here wrote. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openAccount } from "../../bench/account.ts";
import { CARD, FIRST_HOST, Lab, LOAD, SERVER } from "../../bench/lab.ts";
import type { DhcpResult } from "../../bench/load/dhcp.ts";
import type { Task } from "../../bench/load/main.ts";
import type { TftpResult } from "../../bench/load/tftp.ts";
import { type LoadProcess, startLoad, stopAll } from "../../bench/processes.ts";
import { dnsmasq } from "../../bench/servers/dnsmasq.ts";
import { bootstrapper } from "../../bench/servers/ours.ts";
import type { Server, Work } from "../../bench/servers/server.ts";
import { addFiles, FILES, makeWork } from "../../bench/work.ts";
import { toNumber } from "../../cluster/address.ts";

const tsx = [process.execPath, "--import", "tsx"];
const ours = bootstrapper([...tsx, "bootstrapper/main.ts"]);
const cache = mkdtempSync(join(tmpdir(), "sextant-bench-"));
const lab = new Lab(cache);
let load: LoadProcess;
let work: Work;

beforeAll(async () => {
  await lab.create();
  load = startLoad(lab.at("load", [...tsx, "bench/load/main.ts"]));
  work = makeWork(lab.folder, 5);
  addFiles(work);
});
afterAll(async () => {
  await stopAll();
  await lab.remove();
  rmSync(cache, { recursive: true });
});

const dhcp = (first: number, machines: number, clients: number): Task => {
  return { do: "dhcp", host: toNumber(LOAD), device: CARD, clients, machines, first, seconds: 20, patience: 25 };
};
const tftp = (path: string, clients: number, windowSize: number): Task => ({
  do: "tftp",
  path,
  file: FILES["1 MB"].name,
  server: toNumber(SERVER),
  device: CARD,
  hosts: FIRST_HOST,
  clients,
  blockSize: 1468,
  windowSize,
  warmUp: 0.1,
  seconds: 1,
});

describe.each<Server>([ours, dnsmasq])("$name", (server) => {
  test("every machine gets an address of its own, one at a time and many at once", async () => {
    const running = await server.start(lab, "dhcp", work);
    onTestFinished(() => running.stop());
    for (const task of [dhcp(0, 20, 1), dhcp(20, 200, 50)]) {
      const { leases, latencies, endings, failed, twice, naks } = await load.carryOut<DhcpResult>(task);
      expect({ leases, failed, twice, naks }).toEqual({ leases: task.do === "dhcp" && task.machines, failed: 0, twice: 0, naks: 0 });
      expect([latencies.length, endings.length]).toEqual([leases, leases]);
      expect(endings.toSorted((a, b) => a - b)).toEqual(endings);
    }
    expect(running.cpu()).toBeGreaterThan(0);
  });

  test("many fetch whole files at once, and bytes that are not the file's are noticed", async () => {
    const running = await server.start(lab, "tftp", work);
    onTestFinished(() => running.stop());
    const path = join(work.tftp, FILES["1 MB"].name);
    const { finished, failed, bytes, allBytes, windowSize } = await load.carryOut<TftpResult>(tftp(path, 20, 8));
    expect({ failed, windowSize }).toEqual({ failed: 0, windowSize: server === dnsmasq ? 1 : 8 });
    expect(finished).toBeGreaterThan(0);
    expect(allBytes).toBeGreaterThanOrEqual(Math.max(bytes, finished * FILES["1 MB"].size));
    const other = await load.carryOut<TftpResult>(tftp(join(work.tftp, FILES["64 MB"].name), 1, 1));
    expect(other).toMatchObject({ bytes: 0, finished: 0, because: "block 1 is not what the file holds there" });
  });

  test("names have their machines' addresses", async () => {
    const running = await server.start(lab, "dns", work);
    onTestFinished(() => running.stop());
    const names = work.names.map(({ name }) => name);
    const { addresses } = await load.carryOut<{ addresses: string[] }>({ do: "lookup", server: SERVER, names });
    expect(addresses).toEqual(work.names.map(({ address }) => address));
  });
});

test("a machine that nobody answers is told as failed", async () => {
  const { leases, failed, repeats } = await load.carryOut<DhcpResult>({ ...dhcp(0, 3, 3), patience: 2 } as Task);
  expect({ leases, failed }).toEqual({ leases: 0, failed: 3 });
  expect(repeats).toBeGreaterThan(0);
});

test("a server that cannot be started says why, and nothing of it is left", async () => {
  const broken = bootstrapper(["sh", "-c", "echo no such luck; exit 3", "--"]);
  await expect(broken.start(lab, "dhcp", work)).rejects.toThrow("no such luck");
});

test("an account knows what everybody on it took, and closes when they have ended", () => {
  const account = openAccount();
  if (!account) return; // where no control groups can be made, /proc must do
  expect(account.seconds()).toBe(0);
  account.close();
});

test("wire and folder are gone when it is over", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sextant-bench-"));
  const other = new Lab(folder);
  expect(existsSync(other.folder)).toBe(false);
  await other.remove();
  rmSync(folder, { recursive: true });
});
