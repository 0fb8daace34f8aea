/** POST /grant/<mac>: the one-time token of this attempt, for the machine that holds the lease, inside an open grant. */
import type { Router } from "@koa/router";
import { answerText } from "../answers.ts";
import { forbidden } from "../refusal.ts";
import { callerOf, requireLease } from "../request/caller.ts";
import { machinePath } from "../request/machine-path.ts";
import { hashOf } from "../request/tokens.ts";
import type { World } from "../world.ts";

/** Bytes of every token we make; as hex, twice as many characters. */
export const TOKEN_BYTES = 32;

export function grantRoutes(router: Router, { machines, journal, random }: World): void {
  router.post("/grant/:name", async (ctx) => {
    const { mac } = machinePath(ctx.params["name"]!, []);
    const caller = callerOf(ctx.req.socket.remoteAddress, machines);
    requireLease(caller, mac, "the one-time token of");
    const token = random(TOKEN_BYTES);
    const outcome = await machines.apply(mac, { type: "token-issued", tokenHash: hashOf(token) });
    if (!outcome.ok) {
      const what = `the one-time token of ${mac} is not given to ${caller.address}`;
      throw forbidden(
        {
          what,
          because: outcome.because,
          todo: "boot the machine from the network again; if that does not help, grant it on the web page",
        },
        mac,
      );
    }
    journal({ from: "http", mac, level: "info", text: `one-time token to ${caller.address}` });
    answerText(ctx, token);
  });
}
