/** Machines installed again one after the other, as for a new image of their operating system. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import { skewOf } from "../../cluster/kubernetes/matrix.ts";
import { minorsAhead } from "../../cluster/kubernetes/version.ts";
import type { Planned, Step, Wish } from "./operation.ts";
import { controlPlaneTroubles, inBatches, notListening, planned, target } from "./plan-pieces.ts";
import { whyNotOverwrite, whyNotRemove, whyNotRestart } from "./quorum.ts";
import {
  apiReleases,
  isControlPlane,
  isNode,
  keepsEtcdApart,
  machineNamed,
  memberOf,
  nodeNow,
  ownsEtcd,
  present,
  type Situation,
} from "./situation.ts";

type Reinstall = Extract<Wish, { readonly do: "reinstall" }>;

/** Who keeps data goes alone: members of an etcd with machines of its own, then control planes. Then the others in batches. */
export function planReinstall({ machines, batch }: Reinstall, situation: Situation): Planned {
  const { cluster } = situation;
  const names = machines.length > 0 ? [...new Set(machines)] : cluster.machines.filter(isNode).map(({ name }) => name);
  const chosen = names.flatMap((name) => machineNamed(situation, name) ?? []);
  const members = chosen.filter((machine) => keepsEtcdApart(situation, machine));
  const planes = chosen.filter(isControlPlane);
  const alone = [...new Set([...members, ...planes])];
  const workers = chosen.filter((machine) => !alone.includes(machine));
  const because = [
    ...names.flatMap((name) => (machineNamed(situation, name) ? [] : [`${name} is not in cluster-desc.yml`])),
    ...chosen.flatMap((machine) => machineTrouble(machine, situation) ?? []),
    ...members.flatMap((machine) => whyNotOverwrite(situation, machine) ?? []),
    ...(planes.length === 0 ? [] : planeTroubles(planes, situation)),
  ];
  const steps = [
    ...alone.flatMap((machine) => reinstalled([machine], situation)),
    ...inBatches(workers, batch).flatMap((some) => reinstalled(some, situation)),
  ];
  const left = machines.length > 0 ? [] : cluster.machines.filter((machine) => !isNode(machine)).map(({ name }) => name);
  return planned(because, steps, [
    "what pods keep on the machines' own disks is lost",
    ...(left.length === 0 ? [] : [`${left.join(", ")} are no nodes and stay as they are; name them to install them again too`]),
  ]);
}

function machineTrouble(machine: Machine, situation: Situation): string | undefined {
  const { name, kubernetes } = machine;
  if (!isNode(machine)) return notListening(situation, machine);
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
  const unwell = whyNotRestart(situation.etcd, undefined);
  return [...controlPlaneTroubles(situation, all), ...(unwell === undefined ? [] : [unwell]), ...quorum];
}

function reinstalled(machines: readonly Machine[], situation: Situation): readonly Step[] {
  const each = (steps: (machine: Machine) => readonly Step[]): readonly Step[] => machines.flatMap(steps);
  return [
    ...each((machine) => (isNode(machine) ? [{ do: "cordon", ...target(machine) }] : [])),
    ...each((machine) => [
      ...(isNode(machine) ? ([{ do: "drain", ...target(machine) }] as const) : []),
      ...(isControlPlane(machine) && ownsEtcd(situation, machine) ? ([{ do: "remove-member", ...target(machine) }] as const) : []),
      ...(isNode(machine) ? ([{ do: "delete-node", ...target(machine) }] as const) : []),
      { do: "reinstall", ...target(machine) },
    ]),
    ...each((machine) => [
      { do: "obeyed", ...target(machine), order: "reinstall" },
      { do: "ready", ...target(machine) },
    ]),
  ];
}
