/** Watches machines until all are ready, or one cannot become it any more. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "./api.ts";
import type { Rack } from "./rack.ts";
import { stopped } from "./summary.ts";

/** The rack will not come up; the message says whose fault it is, why, and what it said last. */
export class RackError extends Error {
  override readonly name = "RackError";
}

export interface Watched {
  readonly machines: readonly Machine[];
  /** Since the watch began. */
  readonly seconds: number;
}

/** Lines of a log that show what went wrong. */
const WORDS = 25;

/**
 * Tells `onLook` every second what it sees. Resolves when every machine of the description is ready. Throws RackError when one
 * failed, switched itself off, or none came a step further within `patience` seconds.
 */
export async function untilReady(rack: Rack, patience: number, onLook: (watched: Watched) => void): Promise<readonly Machine[]> {
  const began = Date.now();
  let last = { state: "", at: began };
  while (true) {
    const machines = await look(rack);
    onLook({ machines, seconds: (Date.now() - began) / 1000 });
    const waiting = machines.find(({ phase }) => phase !== "ready");
    if (!waiting) return machines;
    const state = JSON.stringify(machines.map(({ phase, transfer }) => [phase, transfer?.file, transfer?.sent]));
    if (state !== last.state) last = { state, at: Date.now() };
    const late = Date.now() - last.at > patience * 1000;
    if (late) throw fault(rack, waiting.name, `is still ${waiting.phase} (${waiting.because}) and nothing moved for ${patience} s`);
    await sleep(1000);
  }
}

/** The machines of the description. Throws RackError for one that has no way to become ready. */
async function look(rack: Rack): Promise<readonly Machine[]> {
  const all = await rack.api.machines().catch((error: Error) => {
    const how = rack.bootstrapper.isUp() ? `does not answer: ${error.message}` : "ended";
    throw new RackError(stopped(`the bootstrapper ${how}`, "the bootstrapper", rack.bootstrapper.log, rack.bootstrapper.lastWords(WORDS)));
  });
  return rack.cluster.machines.map(({ mac, name }) => {
    const machine = all.find((one) => one.mac === mac);
    if (!machine) throw fault(rack, name, `(${mac}) is unknown to the bootstrapper`);
    const { phase, because } = machine;
    if (phase === "failed") throw fault(rack, name, `failed: ${because}`);
    if (phase !== "ready" && !rack.machine(name).isOn()) throw fault(rack, name, `is off while it is ${phase} (${because})`);
    return machine;
  });
}

function fault(rack: Rack, name: string, what: string): RackError {
  const machine = rack.machine(name);
  return new RackError(stopped(`${name} ${what}`, name, machine.serialLog, machine.lastWords(WORDS)));
}
