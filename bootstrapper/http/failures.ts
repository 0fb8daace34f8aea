/** Every request gets an answer in words, whatever went wrong; what went wrong here and not there is journaled, without its stack. */
import type { RouterContext, RouterMiddleware } from "@koa/router";
import type { Journal } from "../journal.ts";
import { SAFE_HEADERS } from "./answers.ts";
import type { Limits } from "./limits.ts";
import { inJson, inShell, inWords, Refusal } from "./refusal.ts";

export function failures(journal: Journal, noteRefusal: (address: string, refusal: Refusal) => void, limits: Limits): RouterMiddleware {
  return async (ctx, next) => {
    // Read first: a socket that closes meanwhile forgets its address.
    const address = ctx.req.socket.remoteAddress?.replace(/^::ffff:/i, "") ?? "an unknown address";
    ctx.set(SAFE_HEADERS);
    try {
      await next();
      if (ctx.respond !== false && ctx.status >= 400 && ctx.body == null) throw unanswered(ctx);
    } catch (error) {
      if (ctx.res.destroyed || ctx.req.errored) return; // the client left; nobody is there to be told
      const refusal = error instanceof Refusal ? error : brokenHere(ctx, error, journal);
      noteRefusal(address, refusal);
      if (ctx.headerSent) ctx.res.destroy();
      else answer(ctx, refusal);
    }
    // A short body that nobody read is thrown away; for a long one the connection ends with the answer.
    const short = Number(ctx.get("Content-Length") || Number.NaN) <= limits.drainBytes;
    if (!ctx.req.complete && !short && !ctx.headerSent) ctx.set("Connection", "close");
  };
}

/** What somebody pipes into a shell. */
const SCRIPT = /\.sh$|^\/setup[-_]kubectl/;

function answer(ctx: RouterContext, { status, reasons, handling }: Refusal): void {
  for (const name of ctx.res.getHeaderNames()) ctx.remove(name);
  ctx.set({ ...SAFE_HEADERS, ...handling.headers });
  ctx.respond = true;
  ctx.status = status;
  const json = ctx.path.startsWith("/api/") || ctx.path === "/session";
  ctx.type = json ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
  ctx.body = json ? inJson(reasons) : SCRIPT.test(ctx.path) ? inShell(reasons) : inWords(reasons);
}

/** What the router leaves behind when no route took the request. */
function unanswered(ctx: RouterContext): Refusal {
  const allow = ctx.response.get("Allow");
  if (!allow) return new Refusal(404, { what: `there is no ${shown(ctx)}`, because: "nothing is served there", todo: "check the address" });
  return new Refusal(
    405,
    { what: `${ctx.method} ${shown(ctx)} does nothing`, because: "this address knows other methods", todo: `use ${allow}` },
    { headers: { Allow: allow } },
  );
}

function brokenHere(ctx: RouterContext, error: unknown, journal: Journal): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  journal({ from: "http", level: "warning", text: `${ctx.method} ${shown(ctx)} failed: ${message.slice(0, 500)}` });
  return new Refusal(500, {
    what: `${ctx.method} ${shown(ctx)} was not answered`,
    because: "something failed in the bootstrapper",
    todo: "read its journal, which says what",
  });
}

const shown = (ctx: RouterContext): string => ctx.path.slice(0, 200);
