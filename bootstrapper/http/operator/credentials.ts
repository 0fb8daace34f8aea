/** Whether a request comes from the operator: by the API token itself, or by the session of a browser that has shown it. */
import type { RouterContext } from "@koa/router";
import { Refusal } from "../refusal.ts";
import { bearer, hashOf, matches } from "../request/tokens.ts";
import type { Session, Sessions } from "./sessions.ts";

/** The prefix makes browsers insist on Secure, Path=/ and this very host (RFC 6265bis §4.1.3.2). */
export const COOKIE = "__Host-sextant";
export const CSRF_HEADER = "X-Sextant-Csrf";

export type Operator = { readonly by: "token" } | { readonly by: "session"; readonly session: Session };

export interface Credentials {
  /** SHA-256 (hex) of the API token. */
  tokenHash(): string;
  readonly sessions: Sessions;
}

export function operatorOf(ctx: RouterContext, { tokenHash, sessions }: Credentials): Operator | undefined {
  const token = bearer(ctx.get("Authorization"));
  if (token !== undefined) return matches(token, tokenHash()) ? { by: "token" } : undefined;
  const session = sessions.find(ctx.cookies.get(COOKIE));
  return session && { by: "session", session };
}

/** Throws Refusal: 401 without credentials, 403 for a change that a foreign page may have sent with the browser's cookie. */
export function requireOperator(ctx: RouterContext, credentials: Credentials): void {
  const operator = operatorOf(ctx, credentials);
  if (!operator) throw unknownOperator(ctx);
  const changes = ctx.method !== "GET" && ctx.method !== "HEAD";
  if (changes && operator.by === "session" && !matches(ctx.get(CSRF_HEADER), hashOf(operator.session.csrf))) {
    throw new Refusal(
      403,
      {
        what: `${ctx.method} ${ctx.path} was not done`,
        because: `the header ${CSRF_HEADER} does not belong to this session`,
        todo: "reload the page",
      },
      { journal: "refused" },
    );
  }
}

export function unknownOperator(ctx: RouterContext): Refusal {
  const wrong = ctx.get("Authorization") !== "";
  return new Refusal(
    401,
    {
      what: `${ctx.method} ${ctx.path.slice(0, 200)} is the operator's`,
      because: wrong ? "the token is wrong" : "the request has no API token",
      todo: 'send "Authorization: Bearer TOKEN"; the token lies in bsroot/tls/api-token',
    },
    { headers: { "WWW-Authenticate": 'Bearer realm="sextant"' }, ...(wrong && { journal: "refused" }) },
  );
}
