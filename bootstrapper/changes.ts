/** What a new description changes, in words for the operator. */
import type { Cluster, Machine } from "../cluster/cluster.ts";

/** More than these are counted instead of named. */
const NAMED = 12;

/** Empty: it says the same. */
export function changesBetween(before: Cluster, after: Cluster): readonly string[] {
  const fields = [
    ...differing(before.network, after.network).map((name) => `network.${name}`),
    ...differing(before.dns, after.dns).map((name) => `dns.${name}`),
    ...differing(before, after).filter((name) => !["network", "dns", "machines"].includes(name)),
  ].map((name) => `${name} changed`);
  return [...machineChanges(before.machines, after.machines), ...fields];
}

/** "w-3 added, network.lease changed and 4 more". */
export function inWords(changes: readonly string[]): string {
  if (changes.length === 0) return "nothing in it is different";
  const more = changes.length > NAMED ? ` and ${changes.length - NAMED} more` : "";
  return changes.slice(0, NAMED).join(", ") + more;
}

function machineChanges(before: readonly Machine[], after: readonly Machine[]): readonly string[] {
  const old = new Map(before.map((machine) => [machine.mac, machine]));
  const kept = new Set(after.map(({ mac }) => mac));
  return [
    ...after.filter(({ mac }) => !old.has(mac)).map(({ name }) => `${name} added`),
    ...before.filter(({ mac }) => !kept.has(mac)).map(({ name }) => `${name} removed`),
    ...after.flatMap((machine) => {
      const fields = differing(old.get(machine.mac) ?? machine, machine);
      return fields.length > 0 ? [`${machine.name}: ${fields.join(" and ")} changed`] : [];
    }),
  ];
}

function differing<T extends object>(before: T, after: T): readonly string[] {
  const names = Object.keys({ ...before, ...after }) as (keyof T & string)[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
