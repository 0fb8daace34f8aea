/** One stack under the storm: its processes started, every machine powered on at once, and all of it ended again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { layout } from "../../cluster/layout.ts";
import { run } from "../../vm-cluster/command.ts";
import type { HerdOrder, HerdResult } from "./herd.ts";
import { inside, makeWire, SERVER } from "./network.ts";
import { SIZES, type Site } from "./site.ts";
import { type Process, type StackName, stack } from "./stacks.ts";
import { measure, type Usage } from "./usage.ts";

export interface Outcome {
  readonly stack: StackName;
  readonly title: string;
  readonly herd: HerdResult;
  readonly usage: Usage;
}

export interface RunOptions {
  /** The compiled bootstrapper. */
  readonly program: string;
  /** Seconds. */
  readonly limit: number;
  /** Shows what the servers say. */
  readonly verbose: boolean;
}

export async function storm(name: StackName, site: Site, { program, limit, verbose }: RunOptions): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), `sextant-storm-${name}-`));
  const wire = await makeWire(site.macs.length);
  const running: ChildProcess[] = [];
  try {
    const { title, processes } = await stack(name, site, folder, program);
    for (const each of processes) running.push(await start(wire.servers, each, verbose));
    await sleep(500);
    const meter = measure(wire.servers);
    const order: HerdOrder = {
      server: SERVER,
      ca: join(site.bsroot, layout.tls.ca),
      macs: site.macs.map((mac) => mac.replaceAll(":", "")),
      sizes: SIZES,
      limit,
    };
    const [node, ...words] = inside(wire.machines, process.execPath, "--import", "tsx", "bench/storm/herd.ts", JSON.stringify(order));
    const herd = JSON.parse(await run(node, words, { timeout: (limit + 30) * 1000 })) as HerdResult;
    return { stack: name, title, herd, usage: meter.stop() };
  } finally {
    for (const child of running.reverse()) await end(child);
    await wire.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function start(namespace: string, { command, environment, ready }: Process, verbose: boolean): Promise<ChildProcess> {
  const [program, ...args] = inside(namespace, ...command);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  let said = "";
  let serving = ready === undefined;
  let over = false;
  const hear = (bytes: Buffer): void => {
    if (verbose) process.stderr.write(bytes);
    if (!serving) said += bytes;
    serving ||= ready?.test(said) === true;
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  child.once("exit", () => {
    over = true;
  });
  for (let waited = 0; !serving; waited += 20) {
    if (over || waited > 60_000) {
      child.kill("SIGKILL");
      throw new Error(`${command[0]} did not start: ${said.slice(-2000)}`);
    }
    await sleep(20);
  }
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 6000);
  await ended;
  clearTimeout(late);
}
