/** What every answer has in common: plain text for consoles, never cached, never sniffed. */
import type { RouterContext } from "@koa/router";

/** Behind these, a page of ours runs only our own files and is framed by nobody. */
export const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": CONTENT_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

export function answerText(ctx: Pick<RouterContext, "type" | "body">, text: string): void {
  ctx.type = "text/plain; charset=utf-8";
  ctx.body = text;
}
