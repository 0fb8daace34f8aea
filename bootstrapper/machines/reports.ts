/** What the installer and the installed node say of themselves, and when they are believed. */
import type { MachineState, Report } from "./machine.ts";
import { type Context, enter, failed, isInstalled, moved, openGrant, refused, type Transition, withoutGrant } from "./state.ts";

/** More disks than one machine is ever installed to by mistake; the last are kept. */
const DISKS = 16;

export function applyReport(state: MachineState, report: Report, context: Context): Transition {
  switch (report.phase) {
    case "installing":
      return installing(state, report.disk, context);
    case "installed":
      return installed(state, context);
    case "failed":
      return hasFailed(state, report.reason, context);
    default:
      return runs(state, report.phase, context);
  }
}

/** From here on the disk is ours to overwrite in the next attempt, so this is on disk before the installer touches its own. */
function installing(state: MachineState, disk: string, context: Context): Transition {
  const open = openGrant(context, state);
  if (!open.ok) return open;
  const { grant } = open;
  if (grant.tokenHash === undefined) return refused("it has no token of this attempt");
  const disks = [...state.disks.filter((known) => known !== disk), disk].slice(-DISKS);
  return moved({ ...enter(state, "installing", `it writes ${disk}, attempt ${grant.attempt}`, context.now), disks });
}

/**
 * Believed once the configuration left, however late it comes. The grant stays, closed, so that a report whose answer was lost can be
 * repeated. The disk is no longer ours to overwrite: it is the node's.
 */
function installed(state: MachineState, { now }: Context): Transition {
  if (state.phase === "installed") return moved(state);
  const finished = state.grant?.releasedAt !== undefined && (state.phase === "installing" || state.phase === "failed");
  if (!finished) return refused(`it cannot be installed: it is ${state.phase}, and its configuration has not left`);
  return moved({ ...enter(state, "installed", "its disk is written; the grant is closed", now), disks: [] });
}

/** Only a finished disk holds the token that says this, so it is believed even where `installed` never reached us. */
function runs(state: MachineState, phase: "configuring" | "ready", { now }: Context): Transition {
  const finished =
    state.reportTokenHash !== undefined && (isInstalled(state) || (onItsWay(state) && state.grant?.releasedAt !== undefined));
  if (!finished) return refused(`it cannot be ${phase}: it is ${state.phase}`);
  const because = phase === "ready" ? "all that its role asks for runs" : "it boots from its disk for the first time";
  return moved({ ...enter(endOfGrant(state), phase, because, now), disks: [] });
}

function hasFailed(state: MachineState, reason: string, { now }: Context): Transition {
  if (isInstalled(state)) return moved(failed(endOfGrant(state), reason, now));
  if (state.phase === "failed") return moved(state); // the first reason is the one that matters
  if (state.phase !== "booting" && state.phase !== "installing") return refused(`it cannot have failed: it is ${state.phase}`);
  return moved(failed(state, `${reason}; put it right, then grant it again`, now));
}

const onItsWay = ({ phase }: MachineState): boolean => phase === "installing" || phase === "failed";

function endOfGrant(state: MachineState): MachineState {
  const { reportTokenHash } = state;
  return { ...withoutGrant(state), ...(reportTokenHash !== undefined && { reportTokenHash }) };
}
