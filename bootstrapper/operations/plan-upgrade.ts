/** Kubernetes one minor release on: control planes one by one, then workers in batches. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import { objections } from "../../cluster/kubernetes/matrix.ts";
import { compare, isExact, minorsAhead } from "../../cluster/kubernetes/version.ts";
import { separateEtcd } from "../../cluster/queries.ts";
import { kubeletsLeftBehind } from "./guard.ts";
import type { Planned, Step, Wish } from "./operation.ts";
import { controlPlaneTroubles, inBatches, notListening, planned, reopened, target } from "./plan-pieces.ts";
import { whyNotRestart } from "./quorum.ts";
import { apiReleases, isControlPlane, isNode, nodeNow, present, type Situation } from "./situation.ts";

type Upgrade = Extract<Wish, { readonly do: "upgrade" }>;

export function planUpgrade({ release, batch }: Upgrade, situation: Situation): Planned {
  const { cluster, nodes } = situation;
  if (!isExact(release)) return { ok: false, because: [`"${release}" is no exact release; write one, as in 1.37.1`] };
  const planes = present(situation);
  const workers = cluster.machines.filter((machine) => isNode(machine) && !isControlPlane(machine) && nodeNow(situation, machine.name));
  const awake = workers.filter(({ name }) => nodeNow(situation, name)!.ready);
  const asleep = workers.filter((worker) => !awake.includes(worker));
  const strangers = nodes.filter(({ name }) => !cluster.machines.some((machine) => machine.name === name));

  const todo = planes.filter((machine) => !isDone(machine, release, situation));
  const late = awake.filter((machine) => !isDone(machine, release, situation));
  const because = [
    ...releaseTroubles(release, situation),
    ...controlPlaneTroubles(situation, planes),
    ...[whyNotRestart(situation.etcd, undefined) ?? []].flat(),
    ...[...todo, ...late].flatMap((machine) => notListening(situation, machine) ?? []),
  ];
  const steps = [
    // Whoever is first takes the cluster's configuration along; once it has done so, the others only follow.
    ...todo.flatMap((machine, index) =>
      upgraded([machine], release, index === 0 && todo.length === planes.length ? "apply" : "node", situation),
    ),
    ...inBatches(late, batch).flatMap((machines) => upgraded(machines, release, "node", situation)),
  ];
  return planned(because, steps, [
    ...asleep.map(({ name }) => `${name} is not Ready and stays as it is`),
    ...strangers.map(({ name, kubelet }) => `${name} (${kubelet}) is not in cluster-desc.yml and stays as it is`),
    ...(planes.length === 1 ? ["with one control plane the API is away for a minute or two while it is upgraded"] : []),
    ...(planes.length === 2 ? ["with two members etcd takes no writes while one of them is upgraded"] : []),
    ...(cluster.kubernetes.version === release
      ? []
      : [
          `write kubernetes.version: ${release} in cluster-desc.yml and build the bsroot again before a machine is installed the next time`,
        ]),
  ]);
}

/** A kubelet is restarted last, so its release says that all before it was done. */
function isDone(machine: Machine, release: string, situation: Situation): boolean {
  const node = nodeNow(situation, machine.name)!;
  return node.kubelet === release && (node.apiServer === undefined || node.apiServer.release === release);
}

function upgraded(machines: readonly Machine[], release: string, kind: "apply" | "node", situation: Situation): readonly Step[] {
  const each = (steps: (machine: Machine) => readonly Step[]): readonly Step[] => machines.flatMap(steps);
  return [
    ...each((machine) => [{ do: "cordon", ...target(machine) }]),
    ...each((machine) => [{ do: "drain", ...target(machine) }]),
    ...each((machine) => [{ do: "upgrade", ...target(machine), release, kind }]),
    ...each((machine) => [
      { do: "obeyed", ...target(machine), order: "upgrade" },
      { do: "ready", ...target(machine), release },
      ...reopened(situation, machine),
    ]),
  ];
}

function releaseTroubles(release: string, situation: Situation): readonly string[] {
  const { cluster, carried, etcd } = situation;
  const releases = apiReleases(situation);
  if (!releases) return ["no API server says which release it runs; see what is wrong with the control planes first"];
  const own = separateEtcd(cluster).length > 0;
  return [
    ...(compare(release, releases.newest) < 0
      ? [`the API servers run ${releases.newest} already, and there is no way back to ${release}`]
      : []),
    ...(minorsAhead(release, releases.oldest) > 1
      ? [`from ${releases.oldest} to ${release} is more than one minor release; upgrade to the next one first`]
      : []),
    ...(carried.includes(release)
      ? []
      : [
          `this bsroot does not have Kubernetes ${release} (it has ${carried.join(", ") || "none"}); write it under kubernetes.offered and build again`,
        ]),
    ...[kubeletsLeftBehind(situation, release) ?? []].flat(),
    ...(own
      ? etcd.flatMap(({ name, version }) =>
          version === ""
            ? []
            : objections(release, { etcd: version }).flatMap(({ is, message }) => (is === "refused" ? [`${name}: ${message}`] : [])),
        )
      : []),
  ];
}
