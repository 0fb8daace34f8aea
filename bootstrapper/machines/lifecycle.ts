/** A machine's life as a pure function: what boots next, and what each event makes of its state. Nothing else may decide either. */
import type { Mac } from "../../cluster/address.ts";
import type { InstallPolicy } from "../../cluster/cluster.ts";
import type { MachineEvent, MachineState, NextBoot, Standing } from "./machine.ts";
import { applyOperator, type OperatorEvent } from "./operator.ts";
import { applyReport } from "./reports.ts";
import { type Context, enter, failed, grantEnd, isInstalled, moved, openGrant, refused, type Transition, withoutGrant } from "./state.ts";

/** A machine nobody has heard of yet. */
export function newcomer(mac: Mac, standing: Standing, now: number): MachineState {
  const state: MachineState = { mac, phase: "discovered", since: now, because: "", disks: [], lastSeen: 0 };
  return settled({ ...state, because: "it is not in cluster-desc.yml" }, standing, now);
}

/** What the description says now, where only it decides: a machine that was never touched is `assigned` or `discovered` as it is listed or not. */
export function settled(state: MachineState, standing: Standing, now: number): MachineState {
  const known = standing !== "unlisted";
  if (state.phase === "discovered" && known) {
    const because =
      standing === "pooled" ? "machines that are not listed become workers" : "it is in cluster-desc.yml and was never installed";
    return enter(state, "assigned", because, now);
  }
  if (state.phase === "assigned" && !known) return enter(state, "discovered", "it is no longer in cluster-desc.yml", now);
  return state;
}

export function nextBoot(state: MachineState | undefined, standing: Standing, now: number, policy: InstallPolicy): NextBoot {
  if (state?.phase === "retired") return { do: "nothing", because: "it is retired" };
  if (state && isInstalled(state)) return { do: "local", because: `it is installed: ${state.phase}` };
  if (standing === "unlisted") return { do: "discover", because: "it is not in cluster-desc.yml" };
  switch (state?.phase) {
    case undefined:
    case "discovered":
    case "assigned":
      return { do: "install", because: "it was never installed" };
    case "granted":
      return { do: "install", because: "the operator granted it" };
    case "reinstall":
      return { do: "install", because: "the operator wants it installed again" };
    case "booting":
    case "installing": {
      const end = grantEnd(state, now);
      if (end) return { do: "nothing", because: end };
      return { do: "install", because: `its grant is open, ${state.grant?.attempt} of ${policy.attempts} attempts begun` };
    }
    default:
      return { do: "nothing", because: `it failed: ${state?.because}` };
  }
}

export function transition(state: MachineState, event: MachineEvent, context: Context): Transition {
  const current = settled(state, context.standing, context.now);
  switch (event.type) {
    case "seen":
      return seen(current, event.booting, context);
    case "boot-script-served":
      return boots(heard(current, context), context);
    case "token-issued":
      return tokenIssued(heard(current, context), event.tokenHash, context);
    case "secrets-released":
      return secretsReleased(heard(current, context), event.reportTokenHash, context);
    case "reported":
      return applyReport(heard(current, context), event.report, context);
    default:
      return applyOperator(current, event satisfies OperatorEvent, context);
  }
}

/** What time alone does: a grant runs out. undefined: nothing. */
export function overdue(state: MachineState, { now }: Pick<Context, "now">): MachineState | undefined {
  const installing = state.phase === "booting" || state.phase === "installing";
  if (!installing || !state.grant || now < state.grant.expiresAt) return undefined;
  return failed(state, grantEnd(state, now) ?? "", now);
}

const heard = (state: MachineState, { now }: Context): MachineState => ({ ...state, lastSeen: now });

function seen(state: MachineState, booting: boolean, context: Context): Transition {
  const here = heard(state, context);
  const end = booting && state.phase === "installing" && state.grant?.releasedAt !== undefined ? grantEnd(state, context.now) : undefined;
  return end ? moved(failed(here, end, context.now)) : { ok: true, state: here, because: here.because };
}

/** Its first network boot opens the grant, each one after it is the next attempt: a power cut costs nothing but an attempt. */
function boots(state: MachineState, { now, policy, standing }: Context): Transition {
  const next = nextBoot(state, standing, now, policy);
  if (state.phase === "booting" || state.phase === "installing") {
    const end = grantEnd(state, now);
    if (end) return moved(failed(state, end, now));
    return standing === "unlisted" ? refused(next.because) : nextAttempt(state, now, policy);
  }
  if (next.do !== "install") return refused(next.because);
  const grant = { openedAt: now, expiresAt: now + policy.window * 1000, attempt: 1, mayWipe: state.phase === "reinstall" };
  return moved({ ...enter(withoutGrant(state), "booting", `${next.because}; attempt 1 of ${policy.attempts}`, now), grant });
}

function nextAttempt(state: MachineState, now: number, policy: InstallPolicy): Transition {
  const { tokenHash: _voided, ...grant } = state.grant!;
  if (grant.attempt >= policy.attempts) {
    const because = `it was told to install ${grant.attempt} times and did not finish; read its console and the journal, then grant it again`;
    return moved(failed(state, because, now));
  }
  const attempt = grant.attempt + 1;
  const because = `it booted again before it was installed; attempt ${attempt} of ${policy.attempts}`;
  return moved({ ...enter(state, "booting", because, now), grant: { ...grant, attempt } });
}

/** Once in an attempt: whoever asks second is either not the machine, or the machine after somebody else was quicker. */
function tokenIssued(state: MachineState, tokenHash: string, context: Context): Transition {
  const open = openGrant(context, state);
  if (!open.ok) return open;
  const { grant } = open;
  if (grant.tokenHash !== undefined) return refused(`the token of attempt ${grant.attempt} was given already`);
  if (state.phase !== "booting") return refused("its installation has begun");
  return moved({ ...state, because: `it has the token of attempt ${grant.attempt}`, grant: { ...grant, tokenHash } });
}

function secretsReleased(state: MachineState, reportTokenHash: string, context: Context): Transition {
  const open = openGrant(context, state);
  if (!open.ok) return open;
  const { grant } = open;
  if (grant.tokenHash === undefined) return refused("it has no token of this attempt");
  const what = context.standing === "pooled" ? "its configuration, which has no secrets," : "its configuration with its secrets";
  const next = enter(state, "installing", `${what} left for it, once`, context.now);
  return moved({ ...next, grant: { ...grant, releasedAt: context.now }, reportTokenHash });
}
