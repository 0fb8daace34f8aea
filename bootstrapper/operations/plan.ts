/** From what the operator asks for and what there is to the steps that lead there, or every reason why not. Pure. */

import type { Planned, Wish } from "./operation.ts";
import { planPrune } from "./plan-prune.ts";
import { planReinstall } from "./plan-reinstall.ts";
import { planRemove, planReplace } from "./plan-remove.ts";
import { planRestore } from "./plan-restore.ts";
import { planUpgrade } from "./plan-upgrade.ts";
import type { Situation } from "./situation.ts";

export function plan(wish: Wish, situation: Situation): Planned {
  if (situation.cluster.kubernetes.version === undefined) return { ok: false, because: ["cluster-desc.yml asks for no Kubernetes"] };
  switch (wish.do) {
    case "upgrade":
      return planUpgrade(wish, situation);
    case "reinstall":
      return planReinstall(wish, situation);
    case "remove":
      return planRemove(wish, situation);
    case "replace":
      return planReplace(wish, situation);
    case "restore":
      return planRestore(wish, situation);
    case "prune":
      return planPrune(situation);
  }
}
