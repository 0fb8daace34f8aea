/** What an etcd may lose: more than half of its members must answer, or nothing can be written any more. Pure. */
import type { Machine } from "../../cluster/cluster.ts";
import { keepsEtcdApart, type MemberNow, memberOf, type Situation } from "./situation.ts";

export const quorum = (members: number): number => Math.floor(members / 2) + 1;

/** Why this member may not be taken out; undefined when those that stay have their quorum. */
export function whyNotRemove(etcd: readonly MemberNow[], id: string): string | undefined {
  const stay = etcd.filter((member) => member.id !== id);
  if (stay.length === etcd.length) return undefined;
  if (stay.length === 0) return "it keeps the only copy of the cluster's data; take a snapshot, and restore from it instead";
  const healthy = stay.filter((member) => member.healthy).length;
  if (healthy >= quorum(stay.length)) return undefined;
  return `of the ${stay.length} members of etcd that stay ${healthy} would answer, and ${quorum(stay.length)} must; bring back those that do not answer first`;
}

/** Why a machine's disk may not be overwritten for the member of an etcd with machines of its own that is on it; undefined when nothing speaks against it. */
export function whyNotOverwrite(situation: Situation, machine: Machine): string | undefined {
  if (!keepsEtcdApart(situation, machine)) return undefined;
  const because = whyNotWipe(situation.etcd, memberOf(situation, machine)?.id);
  return because && `${machine.name}: ${because}`;
}

/** undefined when the others do without this member until it is a new one: till then it counts. */
function whyNotWipe(etcd: readonly MemberNow[], id: string | undefined): string | undefined {
  const others = etcd.filter((member) => member.id !== id);
  if (others.length === etcd.length) return undefined;
  if (others.length === 0) return "it keeps the only copy of the cluster's data; take a snapshot, install it anew and restore from that";
  if (others.length < quorum(etcd.length)) return `of ${etcd.length} members of etcd none can be missed; bring in another one first`;
  return whyNotRestart(etcd, id);
}

/** Why no member may be restarted now; undefined when all answer. A member that is away for a moment must be the only one. */
export function whyNotRestart(etcd: readonly MemberNow[], id: string | undefined): string | undefined {
  const away = etcd.filter((member) => !member.healthy && member.id !== id);
  return away.length === 0
    ? undefined
    : `${away.map(({ name, peers }) => name || peers[0] || "a member without a name").join(", ")} of etcd does not answer; bring it back or remove it first`;
}
