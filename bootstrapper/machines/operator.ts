/** What the operator may make of a machine, and what to say instead when they may not. */
import type { MachineEvent, MachineState } from "./machine.ts";
import { type Context, enter, isInstalled, moved, refused, type Transition, withoutGrant } from "./state.ts";

export type OperatorEvent = Extract<MachineEvent, { readonly type: "assign" | "grant" | "reinstall" | "retire" }>;

const RULES: Readonly<Record<OperatorEvent["type"], (state: MachineState, context: Context) => Transition>> = {
  assign: ifListed((state, { now }) =>
    state.phase === "retired"
      ? moved(enter(state, "assigned", "the operator took it back into the cluster", now))
      : refused(`it is assigned already: ${state.phase}`),
  ),

  /** Never over a running node: that takes the word reinstall. */
  grant: ifListed((state, { now }) => {
    if (isInstalled(state)) return refused(`it is installed (${state.phase}); say reinstall if its disk may be overwritten`);
    if (state.phase === "reinstall") return refused("it may install on its next boot already");
    if (state.phase === "retired") return refused("it is retired; assign it first");
    return moved(enter(withoutGrant(state), "granted", "the operator granted it; it installs on its next network boot", now));
  }),

  reinstall: ifListed((state, { now }) =>
    state.phase === "retired"
      ? refused("it is retired; assign it first")
      : moved(
          enter(withoutGrant(state), "reinstall", "the operator wants it installed again; its next network boot overwrites its disk", now),
        ),
  ),

  /** Nothing is remembered that could let it install over a disk later. */
  retire: (state, { now }) => moved({ ...enter(withoutGrant(state), "retired", "the operator retired it", now), disks: [] }),
};

export const applyOperator = (state: MachineState, event: OperatorEvent, context: Context): Transition => RULES[event.type](state, context);

function ifListed(rule: (state: MachineState, context: Context) => Transition) {
  return (state: MachineState, context: Context): Transition =>
    context.standing === "unlisted"
      ? refused("it is not in cluster-desc.yml: list its MAC there, build the bsroot again and restart the bootstrapper with it")
      : rule(state, context);
}
