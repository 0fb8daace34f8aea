/** make fuzz: looks for bytes that break something, for as long as it is told; what breaks something stays in the corpus. */
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { keep } from "./corpus.ts";
import type { Discovery, Exploration } from "./explore.ts";
import { LONGEST, type Target } from "./target.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    /** For each target. */
    seconds: { type: "string", default: "30" },
    target: { type: "string" },
    seed: { type: "string", default: String(Date.now() & 0xffffff) },
    /** Keeps short bytes that reached something new, too. */
    grow: { type: "boolean", default: false },
    replay: { type: "string" },
  },
});

/** Milliseconds without a sign of life after which a run will not end. */
const HANGING = 10_000;
/** What the corpus takes of bytes that only reached something new. */
const SHORT = 700;
const FEW = 25;

/** Node 20 does not take our loader along into a thread. */
const ENTRY = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, "explore.ts")).href)});
});`;

const here = (path: string): string => relative(process.cwd(), path);

function fuzz({ name }: Target): Promise<number> {
  const order: Exploration = {
    target: name,
    seed: Number(values.seed),
    time: Number(values.seconds) * 1000,
    progress: new SharedArrayBuffer(8),
    bytes: new SharedArrayBuffer(LONGEST),
  };
  const counters = new Int32Array(order.progress);
  const worker = new Worker(ENTRY, {
    eval: true,
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  let [broken, fresh, runs, quiet] = [0, 0, -1, 0];
  const complain = (bytes: Uint8Array, because: string): void => {
    broken += 1;
    const path = here(keep(name, bytes));
    console.log(`${name}: ${because}\n  ${path}\n  again with: node --import tsx test/fuzz/main.ts --replay ${path}`);
  };
  return new Promise((resolve) => {
    const lost = (because: string): void => complain(new Uint8Array(order.bytes).slice(0, counters[1]), because);
    const watch = setInterval(() => {
      quiet = counters[0] === runs && runs > 0 ? quiet + 1000 : 0; // before the first run it loads its code
      runs = counters[0]!;
      if (quiet < HANGING) return;
      lost(`it does not end within ${HANGING / 1000} s`);
      void worker.terminate();
    }, 1000);
    worker.on("message", (discovery: Discovery) => {
      if (discovery.found === "broken") complain(discovery.bytes, discovery.because);
      if (discovery.found === "new" && values.grow && discovery.bytes.length <= SHORT && fresh++ < FEW) keep(name, discovery.bytes);
      if (discovery.found === "end") console.log(`${name}: ${discovery.runs} runs, ${discovery.pieces} pieces of code, ${broken} broken`);
    });
    worker.on("error", (error) => lost(error.message)); // out of memory, most likely
    worker.on("exit", () => {
      clearInterval(watch);
      resolve(broken);
    });
  });
}

if (values.replay) {
  const target = targets.find(({ name }) => name === basename(dirname(values.replay!)));
  if (!target) throw new Error(`${values.replay} is not in the folder of a target`);
  target.check(Uint8Array.from(readFileSync(values.replay)));
  console.log(`${values.replay} breaks nothing`);
} else {
  const chosen = targets.filter(({ name }) => values.target === undefined || name.startsWith(values.target));
  if (chosen.length === 0) throw new Error(`there is no such target; there are ${targets.map(({ name }) => name).join(", ")}`);
  console.log(`seed ${values.seed}, ${values.seconds} s for each of ${chosen.length}`);
  let broken = 0;
  for (const target of chosen) broken += await fuzz(target);
  process.exitCode = broken > 0 ? 1 : 0;
}
