/** Nodes installed again one after the other, as for a new image of their operating system. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import { skewOf } from "../../cluster/kubernetes/matrix.ts";
import { minorsAhead } from "../../cluster/kubernetes/version.ts";
import type { Planned, Step, Wish } from "./operation.ts";
import { controlPlaneTroubles, inBatches, notListening, planned, target } from "./plan-pieces.ts";
import { whyNotRemove, whyNotRestart } from "./quorum.ts";
import {
  apiReleases,
  etcdApart,
  isControlPlane,
  isNode,
  machineNamed,
  memberOf,
  nodeNow,
  ownsEtcd,
  present,
  type Situation,
} from "./situation.ts";

type Reinstall = Extract<Wish, { readonly do: "reinstall" }>;

export function planReinstall({ machines, batch }: Reinstall, situation: Situation): Planned {
  const { cluster } = situation;
  const names = machines.length > 0 ? [...new Set(machines)] : cluster.machines.filter(isNode).map(({ name }) => name);
  const chosen = names.flatMap((name) => machineNamed(situation, name) ?? []);
  const planes = chosen.filter((machine) => isNode(machine) && isControlPlane(machine));
  const workers = chosen.filter((machine) => isNode(machine) && !isControlPlane(machine));
  const because = [
    ...names.flatMap((name) => (machineNamed(situation, name) ? [] : [`${name} is not in cluster-desc.yml`])),
    ...chosen.flatMap((machine) => etcdApart(situation, machine) ?? []),
    ...[...planes, ...workers].flatMap((machine) => machineTrouble(machine, situation) ?? []),
    ...(planes.length === 0 ? [] : planeTroubles(planes, situation)),
  ];
  const steps = [
    ...planes.flatMap((machine) => reinstalled([machine], situation)),
    ...inBatches(workers, batch).flatMap((some) => reinstalled(some, situation)),
  ];
  return planned(because, steps, ["what pods keep on the machines' own disks is lost"]);
}

function machineTrouble(machine: Machine, situation: Situation): string | undefined {
  const { name, kubernetes } = machine;
  const node = nodeNow(situation, name);
  if (!node) return `${name} is not in the cluster; install it with the machine's own reinstall`;
  if (!node.ready) return `${name} is not Ready; if it is dead, say replace`;
  const deaf = notListening(situation, machine);
  if (deaf) return deaf;
  const release = kubernetes ?? situation.cluster.kubernetes.version!;
  const api = apiReleases(situation);
  if (!api) return "no API server says which release it runs; see what is wrong with the control planes first";
  const differs = isControlPlane(machine) ? minorsAhead(release, api.newest) : minorsAhead(release, api.oldest) > 0 ? 1 : 0;
  if (differs > 0)
    return `${name} would be installed with Kubernetes ${release}, and the cluster runs ${api.oldest}: upgrade the cluster first`;
  const because = skewOf(release, api.newest);
  if (differs < 0 || because)
    return `${name} would be installed with Kubernetes ${release}, and the cluster runs ${api.newest}: write that under kubernetes.version and build the bsroot again`;
  return undefined;
}

function planeTroubles(planes: readonly Machine[], situation: Situation): readonly string[] {
  const all = present(situation);
  if (all.length === 1)
    return [
      ownsEtcd(situation, planes[0]!)
        ? `${planes[0]!.name} is the only control plane and keeps the cluster's data; take a snapshot, install it anew and restore from that`
        : `${planes[0]!.name} is the only control plane: nobody would be there for it to join`,
    ];
  const quorum = planes.flatMap((machine) => {
    const id = ownsEtcd(situation, machine) ? memberOf(situation, machine)?.id : undefined;
    const because = id === undefined ? undefined : whyNotRemove(situation.etcd, id);
    return because === undefined ? [] : [`${machine.name}: ${because}`];
  });
  return [...controlPlaneTroubles(situation, all), ...[whyNotRestart(situation.etcd, undefined) ?? []].flat(), ...quorum];
}

function reinstalled(machines: readonly Machine[], situation: Situation): readonly Step[] {
  const each = (steps: (machine: Machine) => readonly Step[]): readonly Step[] => machines.flatMap(steps);
  return [
    ...each((machine) => [{ do: "cordon", ...target(machine) }]),
    ...each((machine) => [
      { do: "drain", ...target(machine) },
      ...(isControlPlane(machine) && ownsEtcd(situation, machine) ? ([{ do: "remove-member", ...target(machine) }] as const) : []),
      { do: "delete-node", ...target(machine) },
      { do: "reinstall", ...target(machine) },
    ]),
    ...each((machine) => [
      { do: "obeyed", ...target(machine), order: "reinstall" },
      { do: "ready", ...target(machine) },
    ]),
  ];
}
