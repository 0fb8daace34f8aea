/** /healthz: whether every part of the bootstrapper does its work, as lines of text or as JSON. */
import type { Router } from "@koa/router";
import { answerText } from "./answers.ts";
import type { World } from "./world.ts";

export function healthRoutes(router: Router, world: World): void {
  router.get("/healthz", (ctx) => {
    const { ok, parts } = world.health();
    ctx.status = ok ? 200 : 503;
    if (ctx.accepts("text", "json") === "json") {
      ctx.body = { ok, parts };
      return;
    }
    const lines = Object.entries(parts).map(([part, state]) => `${part}: ${state}`);
    answerText(ctx, `${[ok ? "ok" : "not ok", ...lines].join("\n")}\n`);
  });
}
