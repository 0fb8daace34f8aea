/** Whether a step may be taken as the cluster is now: looked at again before each, because a plan is as old as its steps are slow. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import { skewOf } from "../../cluster/kubernetes/matrix.ts";
import { compare, minorsAhead } from "../../cluster/kubernetes/version.ts";
import type { Step, Wish } from "./operation.ts";
import { whyNotOverwrite, whyNotRemove, whyNotRestart } from "./quorum.ts";
import { apiReleases, isControlPlane, machineNamed, memberOf, nodeNow, ownsEtcd, present, type Situation, trouble } from "./situation.ts";

/** Steps that take away something that works, or end in that. */
const DISRUPTS: readonly Step["do"][] = ["cordon", "drain", "upgrade", "leave", "reinstall", "remove-member", "delete-node", "install"];

/** Steps that end with another disk. */
const OVERWRITES: readonly Step["do"][] = ["reinstall", "install"];

/**
 * Whether the cluster is looked at before the step, and must answer. A restoration stops and changes what it does while nobody may answer; only what it
 * takes away for good waits for the cluster that was restored.
 */
export const isGuarded = (step: Step, wish: Wish): boolean =>
  DISRUPTS.includes(step.do) && (wish.do !== "restore" || step.do === "reinstall" || step.do === "delete-node");

export interface Objection {
  readonly because: string;
  /** Something is down, and may be up again by itself. */
  readonly mayPass: boolean;
}

const lasting = (because: string | undefined): Objection | undefined => (because === undefined ? undefined : { because, mayPass: false });
const passing = (because: string | undefined): Objection | undefined => (because === undefined ? undefined : { because, mayPass: true });

/** What speaks against the step; undefined when nothing does. */
export function objection(step: Step, situation: Situation, wish: Wish): Objection | undefined {
  if (!("node" in step) || !isGuarded(step, wish)) return undefined;
  if (wish.do === "restore") return passing(nobodyWell(situation));
  const machine = machineNamed(situation, step.node);
  const kept = machine && OVERWRITES.includes(step.do) ? whyNotOverwrite(situation, machine) : undefined;
  if (kept) return passing(kept);
  const others = machine && isControlPlane(machine) ? othersDown(situation, machine) : undefined;
  if (others) return passing(others);
  if (step.do === "upgrade") return upgradeObjection(step, situation, machine);
  if (step.do === "remove-member") {
    const id = machine && memberOf(situation, machine)?.id;
    return id === undefined ? undefined : passing(whyNotRemove(situation.etcd, id));
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
): Objection | undefined {
  const releases = apiReleases(situation);
  if (!releases) return passing("no API server says which release it runs");
  if (!machine || !isControlPlane(machine)) return lasting(skewOf(release, releases.oldest));
  const away = ownsEtcd(situation, machine) ? whyNotRestart(situation.etcd, memberOf(situation, machine)?.id) : undefined;
  if (away) return passing(away);
  const own = nodeNow(situation, node)?.apiServer?.release;
  if (own !== undefined && compare(release, own) < 0) return lasting(`${node} runs Kubernetes ${own} already, and there is no way back`);
  if (minorsAhead(release, releases.oldest) > 1)
    return lasting(`an API server still runs ${releases.oldest}, and they may be one minor release apart`);
  return lasting(kubeletsLeftBehind(situation, release));
}

/** Kubelets that API servers of the release would not serve any more; said in one sentence. */
export function kubeletsLeftBehind({ nodes }: Situation, release: string): string | undefined {
  const left = nodes.filter(({ kubelet }) => skewOf(kubelet, release) !== undefined);
  if (left.length === 0) return undefined;
  const names = left.map(({ name, kubelet }) => `${name} (${kubelet})`).join(", ");
  return `kubelets of ${names} do not work with API servers of ${release}: ${skewOf(left[0]!.kubelet, release)}; upgrade or remove these nodes first`;
}
