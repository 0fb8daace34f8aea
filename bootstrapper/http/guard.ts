/** What every request must be before any route sees it. */
import type { RouterMiddleware } from "@koa/router";
import type { Limits } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import { cleanTarget } from "./request/target.ts";

export function guard(limits: Limits): RouterMiddleware {
  return (ctx, next) => {
    const target = cleanTarget(ctx.req.url ?? "", limits.targetLength);
    if (!("url" in target)) {
      throw new Refusal(target.status, {
        what: "this address is not looked up",
        because: target.because,
        todo: "write a plain path, as in /healthz",
      });
    }
    const { "content-length": length = "0", "transfer-encoding": coding } = ctx.req.headers;
    // RFC 9110 §9.3.1: a server may refuse content where it has no meaning.
    if (ctx.method !== "POST" && (coding !== undefined || Number(length) > 0)) {
      throw new Refusal(400, { what: `this ${ctx.method} was not answered`, because: "it carries a body", todo: "send it without one" });
    }
    ctx.url = target.url;
    return next();
  };
}
