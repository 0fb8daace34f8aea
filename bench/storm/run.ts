/** One stack under the storm: its processes started, every machine powered on at once, and all of it ended again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { layout } from "../../cluster/layout.ts";
import { run } from "../../vm-cluster/command.ts";
import type { HerdOrder, HerdResult } from "./herd.ts";
import { type Meter, measure } from "./memory.ts";
import { inside, makeWire, SERVER } from "./network.ts";
import { type Running, start } from "./serve.ts";
import { SIZES, type Site } from "./site.ts";
import { type StackName, stack } from "./stacks.ts";

export interface Outcome {
  readonly stack: StackName;
  readonly title: string;
  readonly herd: HerdResult;
  /** Seconds of processor time by program. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Bytes. */
  readonly memory: number;
}

export interface RunOptions {
  /** The compiled bootstrapper. */
  readonly program: string;
  /** A folder for the processor profile of ours. */
  readonly profile?: string;
  /** Seconds. */
  readonly limit: number;
  /** Shows what the servers say. */
  readonly verbose: boolean;
}

export async function storm(name: StackName, site: Site, { program, limit, verbose, profile }: RunOptions): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), `sextant-storm-${name}-`));
  const wire = await makeWire(site.macs.length);
  const running: Running[] = [];
  let meter: Meter | undefined;
  try {
    const { title, processes } = await stack(name, site, folder, { program, ...(profile && { profile }) });
    for (const each of processes) running.push(await start(wire.servers, each, (said) => void (verbose && process.stderr.write(said))));
    await sleep(500);
    meter = measure(wire.servers);
    const before = running.map(({ cpu }) => cpu());
    const order: HerdOrder = {
      server: SERVER,
      ca: join(site.bsroot, layout.tls.ca),
      macs: site.macs.map((mac) => mac.replaceAll(":", "")),
      sizes: SIZES,
      limit,
    };
    const [node, ...words] = inside(wire.machines, process.execPath, "--import", "tsx", "bench/storm/herd.ts", JSON.stringify(order));
    const herd = JSON.parse(await run(node, words, { timeout: (limit + 30) * 1000 })) as HerdResult;
    const cpu = Object.fromEntries(running.map(({ program, cpu }, index) => [program, cpu() - before[index]!]));
    return { stack: name, title, herd, cpu, memory: meter.stop() };
  } finally {
    meter?.stop();
    for (const each of running.reverse()) await each.stop();
    await wire.remove();
    await rm(folder, { recursive: true, force: true });
  }
}
