/** `make up`: from a description to a running rack, told step by step. */
import { readFileSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.ts";
import { formatProblem, parse } from "../cluster/parse.ts";
import { accelerator } from "./accelerator.ts";
import type { Machine } from "./api.ts";
import { image } from "./image.ts";
import { freePort } from "./ports.ts";
import type { Hardware } from "./qemu.ts";
import { hardwareOf, Rack } from "./rack.ts";
import { RackState } from "./rack-state.ts";
import { labKey } from "./ssh.ts";
import { summary } from "./summary.ts";
import { changes, Screen, table } from "./table.ts";
import { untilReady, type Watched } from "./watch.ts";

/** The rack of `make up`; tests have their own. */
const RACK = "rack";

/** MiB that QEMU needs beside a machine's memory, translated code included. */
const OVERHEAD = 350;
/** Seconds without any progress after which we stop waiting. Where all instructions are translated, a boot is silent for long. */
const PATIENCE = 300;
const PORT = 8443;

/** What stopped us before the machines were on, in words for the terminal. */
export class UpError extends Error {
  override readonly name = "UpError";
}

/** Throws UpError, CommandError or RackError. */
export async function up(file: string, out: NodeJS.WriteStream): Promise<void> {
  const say = (text: string) => void out.write(`${text}\n`);
  const began = Date.now();
  const cluster = described(file);
  const hardware = hardwareOf(cluster);
  const state = new RackState(RACK);
  await state.clear();
  mustFit(hardware);
  const made = await image(say);
  const equipment = { image: made, key: await labKey(), accelerator: await accelerator(made), state };

  const rack = new Rack(cluster, hardware, equipment);
  say(`rehearsing ${file} with ${hardware.length} virtual machines (${equipment.accelerator}):`);
  for (const difference of rack.differences) say(`  ${difference}`);
  await rack.buildBsroot(true);
  await rack.wire();
  await rack.bootstrapper.start();
  await rack.bootstrapper.openDoor();
  const port = await freePort(PORT);
  rack.bootstrapper.openPort(port);
  say(`the bootstrapper serves; web page and API: https://127.0.0.1:${port}`);
  for (const machine of rack.machines) machine.powerOn();
  say(`powered on: ${hardware.map(({ name, firmware }) => `${name} (${firmware.toUpperCase()})`).join(", ")}`);

  const machines = await untilReady(rack, PATIENCE, show(out));
  say(summary(rack, { machines, port, sshConfig: await rack.writeSshConfig(), seconds: (Date.now() - began) / 1000 }));
}

function described(file: string): Cluster {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UpError(`${file} cannot be read: ${(error as Error).message}`);
  }
  const parsed = parse(text, file);
  if (!parsed.ok) throw new UpError(parsed.problems.map(formatProblem).join("\n"));
  return parsed.cluster;
}

function mustFit(hardware: readonly Hardware[]): void {
  const needed = hardware.reduce((sum, { memory }) => sum + memory + OVERHEAD, 0);
  const available = Math.floor(Number(/^MemAvailable: +(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]) / 1024);
  if (needed > available) {
    throw new UpError(`${hardware.length} machines need ${needed} MiB of memory, ${available} MiB are free; describe fewer machines`);
  }
}

function show(out: NodeJS.WriteStream): (watched: Watched) => void {
  const screen = new Screen(out);
  let before: readonly Machine[] = [];
  return ({ machines, seconds }) => {
    if (out.isTTY) screen.draw(table(machines, seconds, out.columns));
    else for (const line of changes(before, machines, seconds)) out.write(`${line}\n`);
    before = machines;
  };
}
