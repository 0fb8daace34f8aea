/** A machine leaves the cluster, or a dead one is replaced. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import type { Planned, Step, Wish } from "./operation.ts";
import { notListening, planned, target } from "./plan-pieces.ts";
import { whyNotOverwrite, whyNotRemove } from "./quorum.ts";
import {
  isControlPlane,
  isNode,
  keepsEtcdApart,
  machineNamed,
  memberOf,
  nodeNow,
  ownsEtcd,
  present,
  type Situation,
  trouble,
} from "./situation.ts";

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
  const because = [...(keepsEtcdApart(situation, machine) ? [stays(machine)] : []), ...planeTroubles(machine, situation)];
  return planned(because, steps, [
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
    ...planeTroubles(machine, situation),
    ...(alive(machine, situation) ? [`${name} is alive; say reinstall or remove`] : []),
    ...(by !== undefined && nodeNow(situation, by) ? [`${by} is in the cluster already`] : []),
    ...(by === name ? [`${name} cannot take its own place; leave the second name out`] : []),
    ...(by === undefined ? [machine] : []).flatMap((one) => whyNotOverwrite(situation, one) ?? []),
    ...(by === undefined ? [] : [machine, next]).filter((one) => keepsEtcdApart(situation, one)).map(tied),
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

/** Without a Node it is a member of etcd and nothing else. */
const alive = (machine: Machine, situation: Situation): boolean =>
  isNode(machine) ? nodeNow(situation, machine.name)?.ready === true : trouble(situation, machine) === undefined;

/** A member of an etcd with machines of its own is known to API servers and to the other members by its address. */
const stays = ({ name }: Machine): string =>
  `${name} keeps a member of the etcd that has machines of its own, and API servers ask all of these by address; this is not done from here: take a snapshot, take the member out with etcdctl, retire the machine, take it out of cluster-desc.yml, and install the control planes again one after the other`;

const tied = ({ name }: Machine): string =>
  `${name} keeps a member of the etcd that has machines of its own, which goes by name and address; to have another machine in its place write that one's MAC there, build the bsroot again, and say replace without a second name`;

function planeTroubles(machine: Machine, situation: Situation): readonly string[] {
  const { name } = machine;
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
