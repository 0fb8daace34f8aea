/** The thread that fuzzes one target: changes what is known, keeps what runs code that never ran before, tells what breaks. */
import { parentPort, workerData } from "node:worker_threads";
import { below, chanceFrom } from "../support/chance.ts";
import { readCorpus } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { mutated } from "./mutate.ts";
import { targets } from "./targets.ts";

export interface Exploration {
  readonly target: string;
  readonly seed: number;
  /** Milliseconds. */
  readonly time: number;
  /** [0] counts runs, [1] is the length of the bytes that run now. */
  readonly progress: SharedArrayBuffer;
  readonly bytes: SharedArrayBuffer;
}

export type Discovery =
  | { readonly found: "new"; readonly bytes: Uint8Array; readonly pieces: number }
  | { readonly found: "broken"; readonly bytes: Uint8Array; readonly because: string }
  | { readonly found: "end"; readonly runs: number; readonly pieces: number };

/** Milliseconds between two looks at the coverage, which cost as much as many runs. */
const BATCH = 250;
/** Milliseconds of processor time that one run may take: thousands of times what it should. */
const SLOW = 1500;

const { target: name, seed, time, progress, bytes: shared } = workerData as Exploration;
const target = targets.find((each) => each.name === name)!;
const [counters, current] = [new Int32Array(progress), new Uint8Array(shared)];
const tell = (discovery: Discovery): void => parentPort!.postMessage(discovery);
const told = new Set<string>();
const chance = chanceFrom(seed);
const coverage = new Coverage();
const known = [...target.seeds(), ...readCorpus(name)].filter(({ length }) => length > 0);

function run(bytes: Uint8Array): void {
  current.set(bytes);
  counters[1] = bytes.length;
  Atomics.add(counters, 0, 1);
  const begun = process.cpuUsage();
  let because: string | undefined;
  try {
    target.check(Uint8Array.from(bytes));
  } catch (error) {
    because = (error as Error).stack ?? String(error);
  }
  const { user, system } = process.cpuUsage(begun);
  const took = (user + system) / 1000;
  if (because === undefined && took > SLOW) because = `it took ${Math.round(took)} ms`;
  if (because === undefined) return;
  const kind = because.replace(/[\d"'].*/s, "");
  if (told.has(kind)) return;
  told.add(kind);
  tell({ found: "broken", bytes, because });
}

for (const bytes of known) run(bytes);
coverage.remember(coverage.fresh());
const end = performance.now() + time;
while (performance.now() < end) {
  const batch: Uint8Array[] = [];
  for (const until = performance.now() + BATCH; performance.now() < until; ) {
    const bytes = mutated(known[below(known.length, chance)]!, chance, known);
    run(bytes);
    if (bytes.length > 0) batch.push(bytes);
  }
  if (coverage.fresh().length > 0) search(batch);
}

/** By halves, for each look costs. */
function search(batch: readonly Uint8Array[]): void {
  for (const bytes of batch) run(bytes);
  const fresh = coverage.fresh();
  if (fresh.length === 0) return;
  if (batch.length > 1) {
    search(batch.slice(0, batch.length >> 1));
    search(batch.slice(batch.length >> 1));
    return;
  }
  coverage.remember(fresh);
  for (const bytes of batch) {
    known.push(bytes);
    tell({ found: "new", bytes, pieces: coverage.size });
  }
}
tell({ found: "end", runs: counters[0]!, pieces: coverage.size });
