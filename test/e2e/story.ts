/** The rack of the end-to-end test, and the words its story is told in. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "../../cluster/parse.ts";
import { accelerator } from "../../vm-cluster/accelerator.ts";
import type { JournalEntry, Machine } from "../../vm-cluster/api.ts";
import { image } from "../../vm-cluster/image.ts";
import type { Hardware } from "../../vm-cluster/qemu.ts";
import { Rack } from "../../vm-cluster/rack.ts";
import { RackState } from "../../vm-cluster/rack-state.ts";
import { labKey } from "../../vm-cluster/ssh.ts";

const DESCRIPTION = "vm-cluster/cluster-desc.yml";

/** Seconds that any one step may take before something is surely wrong. Not a measure: two cores translate every instruction of four machines. */
const PATIENCE = 420;

export interface Story {
  readonly rack: Rack;
  readonly state: RackState;
}

/** A rack with a bootstrapper that serves and machines that are still off. Needs `make build` to have made dist/. */
export async function begin(more: readonly Hardware[]): Promise<Story> {
  const parsed = parse(readFileSync(DESCRIPTION, "utf8"), DESCRIPTION);
  if (!parsed.ok) throw new Error(`${DESCRIPTION} has mistakes`);
  const state = new RackState("e2e");
  await state.clear();
  const parts = await image((line) => console.log(line));
  const rack = new Rack(parsed.cluster, parts, await labKey(), await accelerator(parts), state, more);
  await rack.buildBsroot(false);
  await rack.wire();
  await rack.startBootstrapper();
  rack.openDoor();
  return { rack, state };
}

/** Asks again until `what` is so. Throws with what was seen last. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, seconds = PATIENCE): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let trouble = "";
  while (Date.now() < deadline) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
    } catch (error) {
      trouble = `; last: ${(error as Error).message}`;
    }
    await sleep(1000);
  }
  throw new Error(`${what}: not within ${seconds} s${trouble}`);
}

export const machineOf = ({ rack }: Story, name: string): Promise<Machine> => rack.api.machine(rack.machine(name).hardware.mac);

/** Waits until a machine is where `fits` says. A failed machine will not get there: its reason is thrown at once. */
export async function phase(story: Story, name: string, fits: (machine: Machine) => boolean): Promise<Machine> {
  let failed: Machine | undefined;
  const found = await until(`${name} to come that far`, async () => {
    const machine = await machineOf(story, name);
    if (machine.phase === "failed") failed = machine;
    return failed || fits(machine) ? machine : undefined;
  });
  if (failed) throw new Error(`${name} failed: ${failed.because}\n${story.rack.machine(name).lastWords(30).join("\n")}`);
  return found;
}

/** Runs a shell command on a node as its administrator. */
export const on = async ({ rack }: Story, name: string, script: string): Promise<string> => (await rack.onNode(name, script)).trim();

/** A request on the machines' own wire, from the given source address. Resolves with "<status> <body>". */
export const ask = ({ rack }: Story, from: string, ...curl: readonly string[]): Promise<string> =>
  rack.inside("curl", "--silent", "--interface", from, "--cacert", rack.caFile, "--write-out", "\n%{http_code}", ...curl);

export const journaled = async ({ rack }: Story, fits: (entry: JournalEntry) => boolean): Promise<readonly JournalEntry[]> =>
  (await rack.api.journal()).filter(fits);
