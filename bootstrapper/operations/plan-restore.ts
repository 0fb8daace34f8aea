/** etcd's data brought back to a snapshot. Nothing here needs the API or etcd to answer: it is for when they do not. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import { controlPlanes, etcdMembers, separateEtcd } from "../../cluster/queries.ts";
import type { Snapshot } from "../kubernetes/etcd-snapshots.ts";
import type { Planned, Step, Wish } from "./operation.ts";
import { notListening, target } from "./plan-pieces.ts";
import type { Situation } from "./situation.ts";

export function planRestore({ snapshot: name }: Extract<Wish, { readonly do: "restore" }>, situation: Situation): Planned {
  const snapshot = situation.snapshots.find((one) => one.name === name);
  const installed = etcdMembers(situation.cluster).filter((machine) => notListening(situation, machine) === undefined);
  const [first, ...others] = installed.filter((machine) => situation.awake.has(machine.name));
  const because = [
    ...(snapshot ? [] : [`there is no snapshot ${name}; see bootstrapper cluster snapshots`]),
    ...(first
      ? []
      : [`no machine that keeps etcd asks for orders (${namesOf(installed)}); one has to run, and each asks every 20 seconds`]),
  ];
  if (!snapshot || !first) return { ok: false, because };
  const asleep = installed.filter((machine) => !situation.awake.has(machine.name));
  const separate = separateEtcd(situation.cluster).length > 0;
  const steps: readonly Step[] = [
    { do: "check", snapshot: name, sha256: snapshot.sha256 },
    ...(answers(situation) ? ([{ do: "snapshot" }] as const) : []),
    { do: "prepare", ...target(first), snapshot: name, sha256: snapshot.sha256 },
    { do: "obeyed", ...target(first), order: "prepare" },
    // Before anything is restored: two of these that came back together would have a quorum for what was.
    ...asleep.map((machine): Step => ({ do: "install", ...target(machine) })),
    ...(separate ? separately(first, others, situation, snapshot) : stacked(first, others, asleep, snapshot)),
  ];
  return { ok: true, steps, notes: notesOf(snapshot, first, asleep, situation) };
}

const answers = ({ etcd }: Situation): boolean => etcd.some(({ healthy }) => healthy);
const namesOf = (machines: readonly Machine[]): string => machines.map(({ name }) => name).join(", ") || "none is installed";

const ordered = (machine: Machine, order: "stop" | "start" | "rejoin" | "reinstall"): readonly [Step, Step] => [
  { do: order, ...target(machine) },
  { do: "obeyed", ...target(machine), order },
];

/** All stop at once, and each is waited for. */
const stopped = (machines: readonly Machine[]): readonly Step[] => {
  const both = machines.map((machine) => ordered(machine, "stop"));
  return [...both.map(([order]) => order), ...both.map(([, obeyed]) => obeyed)];
};

const restored = (first: Machine, { sha256 }: Snapshot): readonly Step[] => [
  { do: "restore", ...target(first), sha256 },
  { do: "obeyed", ...target(first), order: "restore" },
  { do: "restored", ...target(first) },
];

/** A static pod's member cannot be told to join anew: its machine is, as one that comes into the cluster. */
const stacked = (first: Machine, others: readonly Machine[], asleep: readonly Machine[], snapshot: Snapshot): readonly Step[] => [
  ...stopped(others),
  ...restored(first, snapshot),
  { do: "recognise", ...target(first) },
  { do: "ready", ...target(first) },
  ...[...others, ...asleep].map((machine): Step => ({ do: "delete-node", ...target(machine) })),
  ...others.flatMap((machine): readonly Step[] => [...ordered(machine, "reinstall"), { do: "ready", ...target(machine) }]),
];

/** API servers keep in memory what they have seen of etcd, so that they too are stopped before it is another one (kubernetes.io, "Restoring an etcd cluster"). */
function separately(first: Machine, others: readonly Machine[], situation: Situation, snapshot: Snapshot): readonly Step[] {
  const members = [first, ...others];
  const planes = controlPlanes(situation.cluster).filter(({ name }) => situation.awake.has(name));
  const servers = planes.filter(({ mac }) => !members.some((member) => member.mac === mac));
  return [
    ...stopped([...servers, ...others]),
    ...restored(first, snapshot),
    ...others.flatMap((machine) => ordered(machine, "rejoin")),
    ...servers.flatMap((machine) => ordered(machine, "start")),
    ...planes.slice(0, 1).map((machine): Step => ({ do: "recognise", ...target(machine) })),
    ...planes.map((machine): Step => ({ do: "ready", ...target(machine) })),
  ];
}

const notesOf = (
  { name, at, size, sha256 }: Snapshot,
  first: Machine,
  asleep: readonly Machine[],
  situation: Situation,
): readonly string[] => [
  `${name} was taken at ${new Date(at).toISOString()}, has ${size} bytes, and its sha256 is ${sha256}`,
  "nothing in a snapshot says of which cluster it is: this server took it of the one that it looked after at that time",
  "all that was changed in the cluster since then is lost",
  ...(answers(situation) ? [] : ["etcd does not answer, so no snapshot of what it holds now is taken first"]),
  `what etcd holds now stays on ${first.name}, beside its data, in a folder whose name has before-restore in it`,
  "the API is away meanwhile; pods go on running, and some are restarted or moved when it is back",
  "a node that came into the cluster after the snapshot was taken is not in it: restart its kubelet, or re-install it",
  ...asleep.map(
    (machine) =>
      `${machine.name} asks for no orders: its disk is overwritten when it boots from the network; if it can boot from its disk, leave it switched off`,
  ),
];
