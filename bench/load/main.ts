/** The load as a process of its own: a task a line on standard input, its result a line on standard output. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type DhcpLoad, loadDhcp } from "./dhcp.ts";
import { loadTftp, type TftpLoad } from "./tftp.ts";

export type Task =
  | ({ readonly do: "dhcp" } & DhcpLoad)
  /** `path` is the file as the server has it. */
  | ({ readonly do: "tftp"; readonly path: string } & TftpLoad);

let path = "";
let content = Buffer.alloc(0);

function carryOut(task: Task): object {
  if (task.do === "dhcp") return loadDhcp(task);
  if (task.path !== path) content = readFileSync(task.path);
  path = task.path;
  return loadTftp(task, content);
}

for await (const line of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  const result = carryOut(JSON.parse(line) as Task);
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${JSON.stringify({ ...result, cpu: (user + system) / 1e6 })}\n`);
}
