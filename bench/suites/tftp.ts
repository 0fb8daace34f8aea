/** TFTP: megabytes a second to many clients at once, by block size and window. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toNumber } from "../../cluster/address.ts";
import { CARD, FIRST_HOST, SERVER } from "../lab.ts";
import type { TftpResult } from "../load/tftp.ts";
import type { Running } from "../processes.ts";
import type { Sample } from "../rows.ts";
import type { Server } from "../servers/server.ts";
import { addFiles, FILES, type FileSize } from "../work.ts";
import type { Bench } from "./bench.ts";

interface Case {
  readonly file: FileSize;
  readonly clients: number;
  readonly blockSize: number;
  readonly windowSize: number;
}

const SECONDS = 0.5;
const WARM_UP = 0.25;
/** Nobody is measured while they are still getting up. */
const FIRST: Case = { file: "1 MB", clients: 10, blockSize: 1468, windowSize: 8 };

function cases(quick: boolean): readonly Case[] {
  const all = (["1 MB", "64 MB"] as const).flatMap((file) =>
    [1, 10, 200].flatMap((clients) =>
      [512, 1468].flatMap((blockSize) => [1, 8, 16].map((windowSize) => ({ file, clients, blockSize, windowSize }))),
    ),
  );
  return quick ? all.filter(({ file, blockSize, windowSize }) => file === "1 MB" && blockSize === 1468 && windowSize !== 8) : all;
}
const nameOf = ({ file, clients, blockSize, windowSize }: Case): string =>
  `${file} x ${clients}, blksize ${blockSize}, window ${windowSize}`;

export async function benchTftp(bench: Bench): Promise<void> {
  addFiles(bench.work);
  const wanted = cases(bench.quick).filter((one) => nameOf(one).includes(bench.match));
  for (let round = 1; round <= bench.rounds; round++) {
    for (const server of bench.servers) {
      bench.say(`tftp round ${round}: ${server.name}`);
      const running = await server.start(bench.lab, "tftp", bench.work);
      await measure(bench, FIRST, running);
      await measureAll(bench, wanted, server, running);
      await running.stop();
    }
  }
}

/** A server that does not do windows sends as it would without them, so that is not measured twice. */
async function measureAll(bench: Bench, wanted: readonly Case[], server: Server, running: Running): Promise<void> {
  const plain = new Map<string, Sample>();
  for (const one of wanted) {
    const unwindowed = nameOf({ ...one, windowSize: 1 });
    const sample = plain.get(unwindowed) ?? (await measure(bench, one, running));
    if (sample.simpler !== undefined) plain.set(unwindowed, sample);
    bench.rows.add({ protocol: "tftp", name: nameOf(one), unit: "MB/s" }, server.name, sample);
  }
}

async function measure({ load, work }: Bench, { file, clients, blockSize, windowSize }: Case, running: Running): Promise<Sample> {
  const before = running.cpu();
  const { name } = FILES[file];
  const result = await load.carryOut<TftpResult>({
    do: "tftp",
    path: join(work.tftp, name),
    file: name,
    server: toNumber(SERVER),
    device: CARD,
    hosts: FIRST_HOST,
    clients,
    blockSize,
    windowSize,
    warmUp: WARM_UP,
    seconds: SECONDS,
  });
  await sleep(100);
  const spent = running.cpu() - before;
  const megabytes = result.bytes / 1e6;
  return {
    rate: megabytes / result.seconds,
    cpu: spent / (result.allBytes / 1e6),
    failed: result.failed,
    ...(result.because !== undefined && { because: result.because }),
    load: result.cpu / (result.seconds + WARM_UP),
    ...(result.windowSize > 0 && result.windowSize < windowSize && { simpler: `window ${result.windowSize}` }),
  };
}
