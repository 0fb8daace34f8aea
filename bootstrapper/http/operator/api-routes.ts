/** /api/v1: the table of operations on the router, behind the operator's credentials. */
import type { Router, RouterContext, RouterMiddleware } from "@koa/router";
import { callerOf } from "../request/caller.ts";
import { machinePath } from "../request/machine-path.ts";
import type { World } from "../world.ts";
import { type Credentials, requireOperator } from "./credentials.ts";
import { API, openApi } from "./openapi.ts";
import { OPERATIONS } from "./operations.ts";

/** Comes before the router: a stranger does not even learn which addresses below /api exist. */
export function operatorsOnly(credentials: Credentials): RouterMiddleware {
  return (ctx, next) => {
    if (ctx.path.startsWith("/api/")) requireOperator(ctx, credentials);
    return next();
  };
}

export function apiRoutes(router: Router, world: World): void {
  for (const { method, path, type, run } of OPERATIONS) {
    router[method](API + path.replace("{mac}", ":mac"), async (ctx: RouterContext) => {
      ctx.body = await run({
        world,
        mac: () => machinePath(ctx.params["mac"] ?? "", []).mac,
        query: ctx.query,
        caller: callerOf(ctx.req.socket.remoteAddress, world.machines).address,
      });
      if (type) ctx.type = type;
    });
  }
  const document = openApi(world.cluster);
  router.get(`${API}/openapi.json`, (ctx) => {
    ctx.body = document;
  });
}
