/** What add-ons left behind goes, but for what more would go with. Pure. */
import { keyInWords, type Leftover } from "../kubernetes/leftovers.ts";
import type { Planned, Step } from "./operation.ts";
import { planned } from "./plan-pieces.ts";
import type { Situation } from "./situation.ts";

export function planPrune({ leftovers = [] }: Situation): Planned {
  const those = (is: Leftover["is"]): readonly Leftover[] => leftovers.filter((one) => one.is === is);
  const steps = those("ours").map(({ addOn, is: _, ...object }): Step => ({ do: "take-away", addOn, object }));
  const notes = [
    ...said(those("data"), "more would go with it than was put there (kubectl delete it when you are sure)"),
    ...said(those("shared"), "it is not ours alone"),
  ];
  if (steps.length > 0) return planned([], steps, notes);
  return { ok: false, because: ["add-ons left nothing behind that can go", ...notes] };
}

const said = (stays: readonly Leftover[], why: string): readonly string[] =>
  stays.length === 0 ? [] : [`stays, since ${why}: ${stays.map((one) => `${keyInWords(one)} of ${one.addOn}`).join(", ")}`];
