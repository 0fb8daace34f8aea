/** What machines are plugged into before they are switched on: namespace, switch ports, and the recorder of their serial ports. */
import { join } from "node:path";
import type { Ipv4 } from "../cluster/address.ts";
import type { VirtualMachine } from "./machine.ts";
import type { RackState } from "./rack-state.ts";

/** `server` and `prefix`: the bootstrapper's address. */
export async function wire(state: RackState, server: Ipv4, prefix: number, machines: readonly VirtualMachine[]): Promise<void> {
  const { network, folder } = state;
  await network.create(server, prefix);
  for (const { port } of machines) await network.addPort(port);
  const recorded = machines.flatMap(({ serialLog, serialSocket }) => [serialLog, serialSocket]);
  const recorder = [process.execPath, "--import", "tsx", join(import.meta.dirname, "recorder.ts"), ...recorded] as const;
  state.start("recorder", [...recorder], join(folder, "recorder.log"));
}
