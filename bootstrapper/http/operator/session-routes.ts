/** /session: a browser shows the API token once, gets a cookie for it, and gives that back when it signs out. */
import type { Router } from "@koa/router";
import { callerOf } from "../request/caller.ts";
import { bearer, matches } from "../request/tokens.ts";
import type { World } from "../world.ts";
import { COOKIE, type Credentials, operatorOf, requireOperator, unknownOperator } from "./credentials.ts";

const ATTRIBUTES = { httpOnly: true, secure: true, sameSite: "strict", path: "/" } as const;

export function sessionRoutes(router: Router, credentials: Credentials, { machines, journal }: World): void {
  const { tokenHash, sessions } = credentials;

  router.post("/session", (ctx) => {
    if (!matches(bearer(ctx.get("Authorization")), tokenHash())) throw unknownOperator(ctx);
    const { cookie, session } = sessions.open();
    ctx.cookies.set(COOKIE, cookie, ATTRIBUTES);
    journal({ from: "http", level: "info", text: `operator signed in from ${callerOf(ctx.req.socket.remoteAddress, machines).address}` });
    ctx.body = { csrf: session.csrf };
  });

  router.get("/session", (ctx) => {
    const operator = operatorOf(ctx, credentials);
    if (operator?.by === "session") ctx.body = { csrf: operator.session.csrf };
    else ctx.status = 204; // not signed in: no mistake, just the answer
  });

  router.delete("/session", (ctx) => {
    requireOperator(ctx, credentials);
    sessions.close(ctx.cookies.get(COOKIE) ?? "");
    ctx.cookies.set(COOKIE, null, ATTRIBUTES);
    ctx.status = 204;
  });
}
