/** Watches machines until all are ready, or one cannot become it any more. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "./api.ts";
import type { Rack } from "./rack.ts";

/** The rack will not come up; `machine` is whose fault it is. */
export class RackError extends Error {
  override readonly name = "RackError";
  readonly machine: string;

  constructor(machine: string, message: string) {
    super(message);
    this.machine = machine;
  }
}

export interface Watched {
  readonly machines: readonly Machine[];
  /** Since the watch began. */
  readonly seconds: number;
}

/**
 * Tells `onLook` every second what it sees. Resolves when every machine of the description is ready. Throws RackError when one
 * failed, switched itself off, or none came a step further within `patience` seconds.
 */
export async function untilReady(rack: Rack, patience: number, onLook: (watched: Watched) => void): Promise<Watched> {
  const began = Date.now();
  let last = { state: "", at: began };
  while (true) {
    const machines = await listed(rack);
    const watched = { machines, seconds: (Date.now() - began) / 1000 };
    onLook(watched);
    if (machines.every(({ phase }) => phase === "ready")) return watched;
    const failed = machines.find(({ phase }) => phase === "failed");
    if (failed) throw new RackError(failed.name, `${failed.name} failed: ${failed.because}`);
    const off = machines.find(({ name, phase }) => phase !== "ready" && !rack.machine(name).isOn());
    if (off) throw new RackError(off.name, `${off.name} switched itself off while it was ${off.phase} (${off.because})`);
    const state = JSON.stringify(machines.map(({ phase, transfer }) => [phase, transfer?.file, transfer?.sent]));
    if (state !== last.state) last = { state, at: Date.now() };
    const waiting = machines.find(({ phase }) => phase !== "ready")!;
    if (Date.now() - last.at > patience * 1000) {
      throw new RackError(
        waiting.name,
        `${waiting.name} is still ${waiting.phase} (${waiting.because}) and nothing moved for ${patience} s`,
      );
    }
    await sleep(1000);
  }
}

async function listed({ api, cluster }: Rack): Promise<readonly Machine[]> {
  const all = await api.machines();
  return cluster.machines.map(({ mac, name }) => {
    const machine = all.find((one) => one.mac === mac);
    if (!machine) throw new RackError(name, `the bootstrapper does not know ${name} (${mac})`);
    return machine;
  });
}
