/** The C library of the nodes asks our server, search domain and all, in a network namespace (needs root and iproute2). And dnsperf, all at once. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveDns } from "../../support/dns.ts";

const run = promisify(execFile);
const SPACE = `sxdns-${process.pid}`;
/** `ip netns exec` puts what is here in place of /etc. */
const ETC = `/etc/netns/${SPACE}`;
const inside = async (...command: string[]): Promise<string> =>
  (await run("ip", ["netns", "exec", SPACE, ...command])).stdout.trim().replace(/\s+/g, " ");
let server: ChildProcess;

beforeAll(async () => {
  await run("ip", ["netns", "add", SPACE]);
  await run("ip", ["-n", SPACE, "link", "set", "lo", "up"]);
  await run("ip", ["-n", SPACE, "address", "add", "10.0.0.1/24", "dev", "lo"]);
  await mkdir(ETC, { recursive: true });
  await writeFile(join(ETC, "resolv.conf"), "nameserver 10.0.0.1\nsearch cluster.lab\noptions timeout:2\n");
  await writeFile(join(ETC, "nsswitch.conf"), "hosts: dns\n");
  server = spawn("ip", ["netns", "exec", SPACE, process.execPath, "--import", "tsx", "test/support/dns-runner.ts", "10.0.0.1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(server.stdout!, "data");
});
afterAll(async () => {
  server.kill();
  await once(server, "close");
  await run("ip", ["netns", "delete", SPACE]);
  await rm(ETC, { recursive: true, force: true });
});

// biome-ignore format: a table
test.each([
  { asks: ["ahostsv4", "cp-1.cluster.lab"],   hears: "10.0.0.11 STREAM cp-1.cluster.lab" },
  { asks: ["ahostsv4", "cp-1"],               hears: "10.0.0.11 STREAM cp-1.cluster.lab" },
  { asks: ["ahostsv4", "w-1"],                hears: "10.0.0.150 STREAM w-1.cluster.lab" },
  { asks: ["ahostsv4", "shop.apps"],          hears: "10.0.0.150 STREAM shop.apps.cluster.lab" },
  { asks: ["hosts", "10.0.0.14"],             hears: "10.0.0.14 cp-2.cluster.lab" },
  { asks: ["hosts", "10.0.0.199"],            hears: "10.0.0.199 stranger.cluster.lab" },
])("getent $asks", async ({ asks, hears }) => {
  expect(await inside("getent", ...asks)).toContain(hears);
});

test("getent takes both control planes for the API, and finds no name that is not there", async () => {
  const api = await inside("getent", "ahostsv4", "api");
  for (const address of ["10.0.0.11", "10.0.0.14"]) expect(api).toContain(address);
  for (const name of ["nobody", "www.example.com"]) await expect(inside("getent", "ahostsv4", name)).rejects.toMatchObject({ code: 2 });
});

test("dnsperf's twenty clients get every answer", async () => {
  const many = await serveDns();
  const folder = await mkdtemp(join(tmpdir(), "dnsperf-"));
  const questions = [
    "cp-1.cluster.lab A",
    "w-1.cluster.lab A",
    "11.0.0.10.in-addr.arpa PTR",
    "x.apps.cluster.lab A",
    "api.cluster.lab A",
    "cluster.lab SOA",
  ];
  await writeFile(join(folder, "questions"), `${questions.join("\n")}\n`);
  const { stdout } = await run("dnsperf", [
    "-s",
    "127.0.0.1",
    "-p",
    String(many.port),
    "-d",
    join(folder, "questions"),
    "-n",
    "2000",
    "-c",
    "20",
    "-q",
    "100",
    "-e",
  ]);
  expect(/Queries sent:\s+(\d+)/.exec(stdout)![1]).toBe("12000");
  expect(stdout).toMatch(/Queries lost:\s+0 /);
  expect(stdout).toMatch(/Response codes:\s+NOERROR 12000 \(100\.00%\)/);
  expect(many.health()).toBe("serving cluster.lab, 12000 answered");
  await many.close();
  await rm(folder, { recursive: true });
});
