/** The builder beside wget and skopeo: the same files and the same image from a server on loopback, every hash checked. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { openAccount } from "../account.ts";
import type { Lab } from "../lab.ts";
import type { Rows } from "../rows.ts";
import { type FileSet, makeRegistry, makeSet, SETS, startMirror } from "./mirror.ts";
import { builder, type Downloader, skopeo, wget } from "./programs.ts";

export interface BuildBench {
  readonly lab: Lab;
  /** Where the compiled builder is. */
  readonly dist: string;
  readonly rows: Rows;
  readonly rounds: number;
  readonly quick: boolean;
  /** Rows whose name lacks this are left out. */
  readonly match: string;
  say(text: string): void;
}

interface Work {
  readonly name: string;
  readonly what: FileSet | "image";
  readonly bytes: number;
  readonly peer: Downloader;
}

export async function benchBuild(bench: BuildBench): Promise<void> {
  const { lab, say } = bench;
  const origin = lab.room("origin");
  const shared = lab.room("shared");
  const ours = builder(bench.dist, shared);
  say("build: making what is downloaded");
  const sets = SETS.filter(({ name, quick }) => (quick || !bench.quick) && name.includes(bench.match)).map((set) => makeSet(origin, set));
  const files = sets.map((set): Work => ({ name: set.name, what: set, bytes: set.bytes, peer: wget }));
  const images: Work[] = IMAGE_ROW.includes(bench.match)
    ? [{ name: IMAGE_ROW, what: "image", bytes: makeRegistry(origin), peer: skopeo }]
    : [];
  const mirror = await startMirror(lab, origin);
  const keep = (folder: string): void => {
    if (!existsSync(join(shared, "tls"))) cpSync(join(folder, "bsroot/tls"), join(shared, "tls"), { recursive: true });
  };
  await carryOut(lab, ours, makeSet(origin, { name: "warm up", files: 1, size: 1 }), keep);
  for (let round = 1; round <= bench.rounds; round++) {
    for (const { name, what, bytes, peer } of [...files, ...images]) {
      for (const downloader of round % 2 === 1 ? [ours, peer] : [peer, ours]) {
        say(`build round ${round}: ${name}, ${downloader.name}`);
        const before = mirror.cpu();
        const { seconds, cpu, said } = await carryOut(lab, downloader, what);
        if (downloader === ours) say(`build round ${round}: ${name}, memory at most ${Math.round(Number(said) / 1000)} MB`);
        const sample = { rate: bytes / 1e6 / seconds, cpu: cpu / (bytes / 1e6), failed: 0, load: (mirror.cpu() - before) / seconds };
        bench.rows.add({ protocol: "build", name, unit: "MB/s" }, downloader.name, sample);
      }
    }
  }
  await mirror.stop();
}

const run = promisify(execFile);

const IMAGE_ROW = "image of 2 GB";

/**
 * From its start until what it downloaded is on the disk: ours waits for that itself, the others leave it to the kernel. Nothing of an earlier one is
 * still on its way there. Throws when it fails.
 */
async function carryOut(
  lab: Lab,
  downloader: Downloader,
  what: FileSet | "image",
  look: (folder: string) => void = () => {},
): Promise<{ readonly seconds: number; readonly cpu: number; readonly said: string }> {
  const folder = lab.room("download");
  mkdirSync(folder, { recursive: true });
  const command = lab.at("server", downloader.prepare(what, folder));
  await run("sync", ["-f", folder]);
  const account = openAccount();
  const [program, ...args] = account?.on(command) ?? command;
  const began = process.hrtime.bigint();
  const { stdout } = await run(program, args);
  await run("sync", ["-f", folder]);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const cpu = account?.seconds() ?? Number.NaN;
  account?.close();
  look(folder);
  rmSync(folder, { recursive: true });
  return { seconds, cpu, said: stdout };
}
