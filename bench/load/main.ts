/** The load as a process of its own: a task a line on standard input, its result a line on standard output. */
import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type DhcpLoad, loadDhcp } from "./dhcp.ts";
import { loadTftp, type TftpLoad } from "./tftp.ts";

export type Task =
  | ({ readonly do: "dhcp" } & DhcpLoad)
  /** `path` is the file as the server has it. */
  | ({ readonly do: "tftp"; readonly path: string } & TftpLoad)
  | { readonly do: "lookup"; readonly server: string; readonly names: readonly string[] };

let path = "";
let content = Buffer.alloc(0);

async function carryOut(task: Task): Promise<object> {
  if (task.do === "dhcp") return loadDhcp(task);
  if (task.do === "lookup") return lookup(task.server, task.names);
  if (task.path !== path) content = readFileSync(task.path);
  path = task.path;
  return loadTftp(task, content);
}

async function lookup(server: string, names: readonly string[]): Promise<object> {
  const resolver = new Resolver();
  resolver.setServers([server]);
  return { addresses: await Promise.all(names.map(async (name) => (await resolver.resolve4(name))[0])) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  const result = await carryOut(JSON.parse(line) as Task);
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${JSON.stringify({ ...result, cpu: (user + system) / 1e6 })}\n`);
}
