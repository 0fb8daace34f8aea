/** What plans have in common. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import type { Phase } from "../machines/machine.ts";
import type { Planned, Step, Target } from "./operation.ts";
import { nodeNow, type Situation, trouble } from "./situation.ts";

export const target = ({ mac, name }: Machine): Target => ({ mac, node: name });

export const planned = (because: readonly string[], steps: readonly Step[], notes: readonly string[]): Planned => {
  if (because.length > 0) return { ok: false, because };
  return steps.length === 0
    ? { ok: false, because: ["there is nothing to do"] }
    : { ok: true, steps: [{ do: "snapshot" }, ...steps], notes };
};

/** Nothing is begun while a control plane is down. */
export const controlPlaneTroubles = (situation: Situation, machines: readonly Machine[]): readonly string[] =>
  machines.flatMap((machine) => {
    const because = trouble(situation, machine);
    return because === undefined ? [] : [`${machine.name} is a control plane, and ${because}; bring it back or remove it first`];
  });

/** Where a node takes orders: it runs, and reports with a token of ours. */
const LISTENS: readonly (Phase | undefined)[] = ["installed", "configuring", "ready", "failed"];

export function notListening({ phases }: Situation, { name }: Machine): string | undefined {
  const phase = phases.get(name);
  return LISTENS.includes(phase)
    ? undefined
    : `${name} takes no orders: the machine is ${phase ?? "unknown"} here; see /api/v1/machines for what it waits for`;
}

/** A node that was closed to pods before stays so. */
export const reopened = (situation: Situation, machine: Machine): readonly Step[] =>
  nodeNow(situation, machine.name)?.unschedulable ? [] : [{ do: "uncordon", ...target(machine) }];

export function inBatches<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
