/** A machine leaves the cluster, or a dead one is replaced. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import type { Planned, Step, Wish } from "./operation.ts";
import { notListening, planned, target } from "./plan-pieces.ts";
import { whyNotRemove } from "./quorum.ts";
import { etcdApart, isControlPlane, machineNamed, memberOf, nodeNow, ownsEtcd, present, type Situation, trouble } from "./situation.ts";

/** One that does not answer leaves without being asked. */
export function planRemove({ machine: name }: Extract<Wish, { readonly do: "remove" }>, situation: Situation): Planned {
  const machine = machineNamed(situation, name);
  if (!machine) return { ok: false, because: [`${name} is not in cluster-desc.yml`] };
  const node = nodeNow(situation, name);
  const lives = node?.ready === true && notListening(situation, machine) === undefined;
  const here = target(machine);
  const steps: readonly Step[] = [
    ...(node ? ([{ do: "cordon", ...here }] as const) : []),
    ...(lives ? ([{ do: "drain", ...here }] as const) : []),
    ...memberSteps(machine, situation),
    ...(lives
      ? ([
          { do: "leave", ...here },
          { do: "obeyed", ...here, order: "leave" },
        ] as const)
      : []),
    ...(node ? ([{ do: "delete-node", ...here }] as const) : []),
    { do: "retire", ...here },
  ];
  return planned(troubles(machine, situation), steps, [
    ...(node && !lives ? [`${name} does not answer: it is not drained, and what runs on it is not stopped; switch it off`] : []),
    `take ${name} out of cluster-desc.yml and build the bsroot again before the next change`,
  ]);
}

/** For a machine that is dead; one that lives is re-installed. */
export function planReplace({ machine: name, by }: Extract<Wish, { readonly do: "replace" }>, situation: Situation): Planned {
  const machine = machineNamed(situation, name);
  const next = by === undefined ? machine : machineNamed(situation, by);
  if (!machine) return { ok: false, because: [`${name} is not in cluster-desc.yml`] };
  if (!next) return { ok: false, because: [`${by} is not in cluster-desc.yml`] };
  const node = nodeNow(situation, name);
  const because = [
    ...troubles(machine, situation),
    ...(node?.ready ? [`${name} is alive: its Node is Ready; say reinstall or remove`] : []),
    ...(by !== undefined && nodeNow(situation, by) ? [`${by} is in the cluster already`] : []),
    ...(next.mac === machine.mac ? [] : [next]).flatMap((one) => etcdApart(situation, one) ?? []),
    ...(by === name ? [`${name} cannot take its own place; leave the second name out`] : []),
  ];
  const here = target(machine);
  const steps: readonly Step[] = [
    ...memberSteps(machine, situation),
    ...(node ? ([{ do: "delete-node", ...here }] as const) : []),
    ...(by === undefined ? [] : ([{ do: "retire", ...here }] as const)),
    { do: "install", ...target(next) },
    { do: "ready", ...target(next) },
  ];
  return planned(because, steps, [`boot ${next.name} from the network; what is on its disk is overwritten`]);
}

const memberSteps = (machine: Machine, situation: Situation): readonly Step[] =>
  ownsEtcd(situation, machine) && memberOf(situation, machine) ? [{ do: "remove-member", ...target(machine) }] : [];

function troubles(machine: Machine, situation: Situation): readonly string[] {
  const { name } = machine;
  const apart = etcdApart(situation, machine);
  if (apart) return [apart];
  if (!isControlPlane(machine)) return [];
  const others = present(situation).filter(({ mac }) => mac !== machine.mac);
  const id = ownsEtcd(situation, machine) ? memberOf(situation, machine)?.id : undefined;
  const quorum = id === undefined ? undefined : whyNotRemove(situation.etcd, id);
  return [
    ...(others.length === 0 ? [`${name} is the last control plane`] : []),
    ...others.flatMap((other) => {
      const because = trouble(situation, other);
      return because === undefined ? [] : [`${other.name} is a control plane, and ${because}; bring it back first`];
    }),
    ...(quorum === undefined ? [] : [`${name}: ${quorum}`]),
  ];
}
