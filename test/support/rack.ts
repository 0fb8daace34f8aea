/** What tests ask of a rack of virtual machines. */
import type { Machine } from "../../vm-cluster/api.ts";
import type { Rack } from "../../vm-cluster/rack.ts";
import { type Patience, until } from "./until.ts";

/** A machine as the bootstrapper knows it. */
export const machineOf = (rack: Rack, name: string): Promise<Machine> => rack.api.machine(rack.machine(name).hardware.mac);

/** Waits until a machine is where `fits` says. A failed machine will not get there: its reason and its last words are thrown at once. */
export async function reaches(rack: Rack, name: string, fits: (machine: Machine) => boolean, patience: Patience): Promise<Machine> {
  const lastWords = (): string => rack.machine(name).lastWords(60).join("\n");
  const look = async (): Promise<Machine | undefined> => {
    const machine = await machineOf(rack, name);
    return machine.phase === "failed" || fits(machine) ? machine : undefined;
  };
  const found = await until(`${name} to come that far`, look, patience).catch((error: Error) => {
    throw new Error(`${error.message}\n${lastWords()}`);
  });
  if (!fits(found)) throw new Error(`${name} failed: ${found.because}\n${lastWords()}`);
  return found;
}
