/** The small moves every transition is made of. */
import type { InstallPolicy } from "../../cluster/cluster.ts";
import type { Grant, MachineState, Phase, Standing } from "./machine.ts";

export interface Context {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly policy: InstallPolicy;
  readonly standing: Standing;
}

/** `because`, on success, is what the journal says of the machine. */
export type Transition =
  | { readonly ok: true; readonly state: MachineState; readonly because: string }
  | { readonly ok: false; readonly because: string };

export const refused = (because: string): { readonly ok: false; readonly because: string } => ({ ok: false, because });
export const moved = (state: MachineState): Transition => ({ ok: true, state, because: state.because });

export const enter = (state: MachineState, phase: Phase, because: string, now: number): MachineState => ({
  ...state,
  phase,
  because,
  since: state.phase === phase ? state.since : now,
});
export const failed = (state: MachineState, because: string, now: number): MachineState => enter(state, "failed", because, now);

/** Whatever the machine could say or ask for under its old grant, it can no longer. */
export function withoutGrant(state: MachineState): MachineState {
  const { grant: _grant, reportTokenHash: _token, ...rest } = state;
  return rest;
}

/** A node's first word from its disk ends the grant it was installed with. Before that word, `failed` means that the installation did. */
export const isInstalled = ({ phase, grant, reportTokenHash }: MachineState): boolean =>
  phase === "installed" || phase === "configuring" || phase === "ready" || (phase === "failed" && !grant && reportTokenHash !== undefined);

/** Why the grant of a machine that boots or installs is of no more use; undefined while it is. */
export function grantEnd({ phase, grant }: MachineState, now: number): string | undefined {
  if (!grant) return "its grant is lost; grant it again";
  if (grant.releasedAt !== undefined)
    return `its secrets were released at ${time(grant.releasedAt)} but the install did not finish; grant it again`;
  if (now >= grant.expiresAt)
    return `its grant of ${time(grant.openedAt)} ended at ${time(grant.expiresAt)} while it was ${phase}, in attempt ${grant.attempt}; grant it again`;
  return undefined;
}

export type OpenGrant = { readonly ok: true; readonly grant: Grant } | { readonly ok: false; readonly because: string };

/** The grant of a machine that may install at this moment. */
export function openGrant({ standing, now }: Context, state: MachineState): OpenGrant {
  if (standing === "unlisted") return refused("it is not in cluster-desc.yml");
  if (state.phase !== "booting" && state.phase !== "installing") return refused(`it has no open grant: it is ${state.phase}`);
  const end = grantEnd(state, now);
  return end === undefined ? { ok: true, grant: state.grant! } : refused(end);
}

export const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
