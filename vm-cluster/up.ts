/** `make up`: from a description to a running rack, told step by step. */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { freemem } from "node:os";
import { relative } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { formatProblem, parse } from "../cluster/parse.ts";
import { accelerator } from "./accelerator.ts";
import type { Machine } from "./api.ts";
import { image } from "./image.ts";
import { hardwareOf, Rack } from "./rack.ts";
import { RackState } from "./rack-state.ts";
import { labKey } from "./ssh.ts";
import { changes, Screen, table } from "./table.ts";
import { RackError, untilReady } from "./watch.ts";

/** The rack of `make up`; tests have their own. */
export const RACK = "rack";

/** MiB that QEMU needs beside a machine's memory, translated code included. */
const OVERHEAD = 350;
/** Seconds without any progress after which we stop waiting. Firmware and kernels are silent for long when all instructions are translated. */
const PATIENCE = 300;
const PORT = 8443;

/** Throws UpError. */
export async function up(file: string, out: NodeJS.WriteStream): Promise<void> {
  const say = (text: string) => void out.write(`${text}\n`);
  const began = Date.now();
  const cluster = described(file);
  const state = new RackState(RACK);
  await state.clear();
  const parts = await image(say);
  const acceleration = await accelerator(parts);
  mustFit(cluster);

  const rack = new Rack(cluster, parts, await labKey(), acceleration, state);
  say(`rehearsing ${file} with ${cluster.machines.length} virtual machines (${acceleration}):`);
  for (const difference of rack.differences) say(`  ${difference}`);
  await rack.buildBsroot(true);
  await rack.wire();
  await rack.startBootstrapper();
  rack.openDoor();
  const port = (await isFree(PORT)) ? PORT : await freePort();
  rack.openPort(port);
  say(`the bootstrapper serves; web page and API: https://127.0.0.1:${port}`);
  for (const machine of rack.machines) machine.powerOn();
  say(
    `powered on: ${hardwareOf(cluster)
      .map(({ name, firmware }) => `${name} (${firmware.toUpperCase()})`)
      .join(", ")}`,
  );

  try {
    const { machines } = await untilReady(rack, PATIENCE, show(out));
    say(summary(rack, machines, { port, sshConfig: await rack.writeSshConfig(), seconds: (Date.now() - began) / 1000 }));
  } catch (error) {
    throw error instanceof RackError ? new UpError(withLastWords(rack, error)) : error;
  }
}

/** What stopped us, in words for the terminal. */
export class UpError extends Error {
  override readonly name = "UpError";
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

function mustFit(cluster: Cluster): void {
  const needed = hardwareOf(cluster).reduce((sum, { memory }) => sum + memory + OVERHEAD, 0);
  const free = available();
  if (needed > free)
    throw new UpError(`${cluster.machines.length} machines need ${needed} MiB of memory, ${free} MiB are free; describe fewer machines`);
}

/** MiB; what the kernel would give up counts as free. */
function available(): number {
  const kilobytes = /^MemAvailable: +(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  return Math.floor(kilobytes === undefined ? freemem() / 2 ** 20 : Number(kilobytes) / 1024);
}

function show(out: NodeJS.WriteStream) {
  const screen = new Screen(out);
  let before: readonly Machine[] = [];
  return ({ machines, seconds }: { readonly machines: readonly Machine[]; readonly seconds: number }) => {
    if (out.isTTY) screen.draw(table(machines, seconds, out.columns));
    else for (const line of changes(before, machines, seconds)) out.write(`${line}\n`);
    before = machines;
  };
}

interface Arrived {
  readonly port: number;
  readonly sshConfig: string;
  readonly seconds: number;
}

function summary(rack: Rack, machines: readonly Machine[], { port, sshConfig, seconds }: Arrived): string {
  const here = (path: string) => relative(process.cwd(), path);
  const example = machines[0]!;
  return [
    "",
    `all ${machines.length} machines of ${rack.cluster.name} are ready after ${Math.round(seconds)} s`,
    ...machines.map(({ name, address, roles }) => `  ${name.padEnd(12)} ${(address ?? "").padEnd(15)} ${roles.join(", ")}`),
    "",
    `web page   https://127.0.0.1:${port}  (its certificate is by ${here(rack.caFile)}; the page asks for the token)`,
    `API        curl --cacert ${here(rack.caFile)} -H "Authorization: Bearer $(cat ${here(rack.tokenFile)})" https://127.0.0.1:${port}/api/v1/machines`,
    `token      ${here(rack.tokenFile)}`,
    `log in     ssh -F ${here(sshConfig)} ${example.name}`,
    `serial     tail -f ${here(rack.machine(example.name).serialLog)}`,
    `journal    tail -f ${here(rack.bootstrapperLog)}`,
    "end        make down",
  ].join("\n");
}

function withLastWords(rack: Rack, { message, machine }: RackError): string {
  const words = rack
    .machine(machine)
    .lastWords(25)
    .map((line) => `  ${line}`);
  return [message, `the last words of ${machine} (${relative(process.cwd(), rack.machine(machine).serialLog)}):`, ...words].join("\n");
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
