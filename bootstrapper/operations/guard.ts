/** Whether a step may be taken as the cluster is now: looked at again before each, because a plan is as old as its steps are slow. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import { skewOf } from "../../cluster/kubernetes/matrix.ts";
import { compare, minorsAhead } from "../../cluster/kubernetes/version.ts";
import type { Step, Wish } from "./operation.ts";
import { whyNotRemove, whyNotRestart } from "./quorum.ts";
import { apiReleases, isControlPlane, machineNamed, memberOf, nodeNow, ownsEtcd, present, type Situation, trouble } from "./situation.ts";

/** Steps that take away something that works, or end in that. */
const DISRUPTS: readonly Step["do"][] = ["cordon", "drain", "upgrade", "leave", "reinstall", "remove-member", "delete-node", "install"];

/**
 * Whether the cluster is looked at before the step, and must answer. A restoration stops and changes what it does while nobody may answer; only what it
 * takes away for good waits for the cluster that was restored.
 */
export const isGuarded = (step: Step, wish: Wish): boolean =>
  DISRUPTS.includes(step.do) && (wish.do !== "restore" || step.do === "reinstall" || step.do === "delete-node");

/** Why the step must wait for the operator; undefined when nothing speaks against it. */
export function objection(step: Step, situation: Situation, wish: Wish): string | undefined {
  if (!("node" in step) || !isGuarded(step, wish)) return undefined;
  if (wish.do === "restore") return nobodyWell(situation);
  const machine = machineNamed(situation, step.node);
  if (machine && isControlPlane(machine)) {
    const others = othersDown(situation, machine);
    if (others) return others;
  }
  if (step.do === "upgrade") return upgradeObjection(step, situation, machine);
  if (step.do === "remove-member") {
    const id = machine && memberOf(situation, machine)?.id;
    return id === undefined ? undefined : whyNotRemove(situation.etcd, id);
  }
  return undefined;
}

/** All others were stopped on purpose. */
const nobodyWell = (situation: Situation): string | undefined =>
  present(situation).some((machine) => trouble(situation, machine) === undefined)
    ? undefined
    : "no control plane is well, so that this one's disk may hold the only copy of the cluster's data; see what is wrong with the restored one";

/** Never two control planes at once. */
function othersDown(situation: Situation, machine: Machine): string | undefined {
  const down = present(situation).flatMap((other) => {
    const because = other.mac === machine.mac ? undefined : trouble(situation, other);
    return because === undefined ? [] : [`${other.name}: ${because}`];
  });
  return down.length === 0 ? undefined : `another control plane is down already (${down.join("; ")}); bring it back or remove it first`;
}

function upgradeObjection(
  { release, node }: Extract<Step, { readonly do: "upgrade" }>,
  situation: Situation,
  machine: Machine | undefined,
): string | undefined {
  const releases = apiReleases(situation);
  if (!releases) return "no API server says which release it runs";
  if (!machine || !isControlPlane(machine)) return skewOf(release, releases.oldest);
  const away = ownsEtcd(situation, machine) ? whyNotRestart(situation.etcd, memberOf(situation, machine)?.id) : undefined;
  if (away) return away;
  const own = nodeNow(situation, node)?.apiServer?.release;
  if (own !== undefined && compare(release, own) < 0) return `${node} runs Kubernetes ${own} already, and there is no way back`;
  if (minorsAhead(release, releases.oldest) > 1)
    return `an API server still runs ${releases.oldest}, and they may be one minor release apart`;
  return kubeletsLeftBehind(situation, release);
}

/** Kubelets that API servers of the release would not serve any more; said in one sentence. */
export function kubeletsLeftBehind({ nodes }: Situation, release: string): string | undefined {
  const left = nodes.flatMap(({ name, kubelet }) => (skewOf(kubelet, release) === undefined ? [] : [`${name} (${kubelet})`]));
  if (left.length === 0) return undefined;
  return `kubelets of ${left.join(", ")} do not work with API servers of ${release}: ${skewOf(left[0]!.replace(/^.*\((.*)\)$/, "$1"), release)}; upgrade or remove these nodes first`;
}
