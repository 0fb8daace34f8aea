/** Who may speak as a node of the cluster: the machine at its own address, with the token that only its disk holds. */
import type { RouterContext } from "@koa/router";
import type { Mac } from "../../../cluster/address.ts";
import { forbidden } from "../refusal.ts";
import { type Caller, callerOf, requireLease } from "../request/caller.ts";
import { machinePath } from "../request/machine-path.ts";
import { bearer, matches } from "../request/tokens.ts";
import type { World } from "../world.ts";

export interface Node {
  readonly mac: Mac;
  readonly caller: Caller;
}

/** The machine named in the path. Throws a journaled Refusal for everybody else. `thing` begins a sentence: "the snapshot for"; `what` is one. */
export function requireNode(ctx: RouterContext, { machines }: Pick<World, "machines">, thing: string, what: (node: Node) => string): Node {
  const { mac } = machinePath(ctx.params["name"]!, []);
  const caller = callerOf(ctx.req.socket.remoteAddress, machines);
  requireLease(caller, mac, thing);
  const token = bearer(ctx.get("Authorization"));
  if (matches(token, machines.find(mac)?.reportTokenHash)) return { mac, caller };
  const because = token ? "its token is not the one on that machine's disk" : "it has no token";
  throw forbidden({ what: what({ mac, caller }), because, todo: "send the token of /etc/sextant/report-token" }, mac);
}
