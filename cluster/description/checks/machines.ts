/** The machines among each other: nobody's MAC, name or address twice, and roles that make a cluster. */
import { dashed } from "../../address.ts";
import { type Facts, isUnclear, type MachineFacts, type Stated } from "../facts.ts";
import { type Finding, formatPath } from "../problem.ts";

export function* checkDuplicates({ machines, bootstrapperName }: Facts): Iterable<Finding> {
  yield* twice(
    machines.map(({ mac }) => mac),
    "each machine's own MAC address",
  );
  yield* twice(
    machines.map(({ name }) => name),
    "a name no other machine has",
  );
  yield* twice(
    machines.map(({ address }) => address),
    "an address no other machine has",
  );

  const macNames = new Map(machines.flatMap((machine) => (machine.mac ? [[dashed(machine.mac.value), machine] as const] : [])));
  for (const machine of machines) {
    const { name } = machine;
    if (!name) continue;
    if (name.value === bootstrapperName?.value)
      yield { path: name.path, message: `"${name.value}" is the bootstrapper's name; write another` };
    // The DNS answers for every machine's dashed MAC too.
    const other = macNames.get(name.value);
    if (other && other !== machine)
      yield { path: name.path, message: `"${name.value}" is the MAC of ${formatPath(other.path)}; write another name` };
  }
}

function* twice(all: readonly (Stated<string> | undefined)[], instead: string): Iterable<Finding> {
  const first = new Map<string, Stated<string>>();
  for (const one of all) {
    if (!one) continue;
    const before = first.get(one.value);
    if (before) yield { path: one.path, message: `"${one.value}" is also ${formatPath(before.path)}; write ${instead}` };
    else first.set(one.value, one);
  }
}

export function* checkRoles(facts: Facts): Iterable<Finding> {
  const { machines, machinesPath, controlPlaneSpelling } = facts;
  const about = { path: machinesPath, aboutName: true } as const;
  if (machines.length === 0) {
    yield { ...about, message: `there is no machine; write at least one, with ${controlPlaneSpelling}` };
    return;
  }
  // A machine whose roles are in doubt might be the one that is missed.
  if (machines.some(({ roles, path }) => !roles || isUnclear(facts, path))) return;
  const having = (role: string) => machines.filter(({ roles }) => roles?.some((one) => one === role));
  const planes = having("control-plane");
  if (planes.length === 0) {
    yield { ...about, message: `no machine is a control plane; write ${controlPlaneSpelling} for one or three of them` };
  }
  const own = having("etcd");
  // kubeadm keeps etcd on all control planes or on none.
  const members = own.some(({ roles }) => !roles?.includes("control-plane")) ? own : planes;
  if (members.length > 0 && members.length % 2 === 0) {
    const who = `${members.length} machines keep etcd (${members.map(called).join(", ")})`;
    const instead = `${members.length - 1} or ${members.length + 1}`;
    const message = `${who}, and an even number survives no more failures than one less; write ${instead}`;
    yield { ...about, message, warning: true };
  }
}

const called = ({ name, mac, path }: MachineFacts): string => name?.value ?? mac?.value ?? formatPath(path);

export function* checkDisks({ disks }: Facts): Iterable<Finding> {
  for (const { value, path } of disks) {
    if (value.minSize !== undefined && value.maxSize !== undefined && value.minSize > value.maxSize) {
      yield { path: [...path, "minSize"], message: "is more than maxSize, so no disk fits; write the smaller size here" };
    }
  }
}
