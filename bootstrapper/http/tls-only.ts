/** What the plain port does with everything that belongs on the TLS port: secrets are refused, pages are sent there. */
import type { RouterContext, RouterMiddleware } from "@koa/router";
import { forbidden, Refusal } from "./refusal.ts";
import { callerOf } from "./request/caller.ts";
import type { World } from "./world.ts";

const SECRET = /^\/(grant|config|cloud-config|report|kubernetes)\//;
/** It asks for the operator's token: whoever may put another script in its place has it. */
const ASKS_FOR_TOKEN = /^\/setup[-_]kubectl/;
const OPERATOR = /^\/(api\/|session$|page\/|$)/;

export function tlsOnly(world: World, httpsPort: number): RouterMiddleware {
  return (ctx, next) => {
    const there = `https://${host(ctx)}${httpsPort === 443 ? "" : `:${httpsPort}`}`;
    if (SECRET.test(ctx.path)) {
      const { address, mac } = callerOf(ctx.req.socket.remoteAddress, world.machines);
      const what = `${ctx.method} ${ctx.path.slice(0, 200)} by ${address} is not answered over plain HTTP`;
      throw forbidden(
        {
          what,
          because: "a secret would cross the network in clear",
          todo: `ask ${there}, and verify it with the CA of bsroot/tls/ca.pem`,
        },
        mac,
      );
    }
    if (ASKS_FOR_TOKEN.test(ctx.path)) {
      throw new Refusal(403, {
        what: "kubectl is not set up over plain HTTP",
        because: "anybody on the way could put another script in the place of ours, and it asks for the operator's token",
        todo: `curl --fail --cacert ca.pem ${there}${ctx.path} | sh, with the file bsroot/tls/ca.pem`,
      });
    }
    if (!OPERATOR.test(ctx.path)) return next();
    if (ctx.get("Authorization") || (ctx.method !== "GET" && ctx.method !== "HEAD")) {
      throw new Refusal(403, {
        what: `${ctx.method} ${ctx.path.slice(0, 200)} is not answered over plain HTTP`,
        because: "the API token would cross the network in clear",
        todo: `use ${there}; a token that was sent here has been readable on the wire: make a new one with the builder`,
      });
    }
    ctx.status = 307;
    ctx.redirect(`${there}${ctx.url}`);
  };
}

/** The name the client used, when it is one; else the address it reached us at. */
function host(ctx: RouterContext): string {
  const name = /^([a-z0-9][a-z0-9.-]{0,252})(:\d+)?$/i.exec(ctx.get("Host"))?.[1];
  return name ?? ctx.req.socket.localAddress?.replace(/^::ffff:/i, "") ?? "localhost";
}
