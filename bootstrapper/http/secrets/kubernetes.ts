/** POST /kubernetes/<mac>: a node asks what it is to do to become part of the cluster, and says how that went. */
import type { Router } from "@koa/router";
import type { Word } from "../../kubernetes/words.ts";
import { answerText } from "../answers.ts";
import type { Limits } from "../limits.ts";
import { forbidden, Refusal } from "../refusal.ts";
import { callerOf, requireLease } from "../request/caller.ts";
import { readForm } from "../request/form.ts";
import { machinePath } from "../request/machine-path.ts";
import { bearer, matches } from "../request/tokens.ts";
import type { World } from "../world.ts";
import { printable, readable } from "./report-form.ts";

export function kubernetesRoutes(router: Router, world: World, limits: Limits): void {
  router.post("/kubernetes/:name", async (ctx) => {
    const { machines } = world;
    const { mac } = machinePath(ctx.params["name"]!, []);
    const caller = callerOf(ctx.req.socket.remoteAddress, machines);
    requireLease(caller, mac, "the way into the cluster of");
    const what = `what ${mac} says of the cluster from ${caller.address} is not heard`;

    const token = bearer(ctx.get("Authorization"));
    // Before the body: a stranger's is not even read.
    if (!matches(token, machines.find(mac)?.reportTokenHash)) {
      const because = token ? "its token is not the one on that machine's disk" : "it has no token";
      throw forbidden({ what, because, todo: "send the token of /etc/sextant/report-token" }, mac);
    }
    const word = parseWord(await readForm(ctx.req, limits));
    if ("because" in word) {
      const reasons = { what, because: word.because, todo: "send state=asks, founding, founded, joined, or state=failed&reason=..." };
      throw new Refusal(400, reasons, { journal: "warning", mac });
    }
    const heard = await world.kubernetes.hear(mac, word);
    // The desk has journaled it: a node repeats itself.
    if (!heard.ok) throw new Refusal(409, { what, because: heard.because, todo: "undo what was begun, and ask again" });
    answerText(ctx, inLines(heard.lines));
  });
}

/** Total: whatever the form holds becomes a word or a reason why it is none. */
export function parseWord(form: URLSearchParams): Word | { readonly because: string } {
  const twice = ["state", "reason"].find((name) => form.getAll(name).length > 1);
  if (twice) return { because: `"${twice}" is given twice` };
  const state = form.get("state") ?? "";
  switch (state) {
    case "asks":
    case "founding":
    case "founded":
    case "joined":
      return { state };
    case "failed": {
      const reason = readable(form.get("reason") ?? "");
      return reason === "" ? { because: '"reason" is missing' } : { state, reason };
    }
    default:
      return { because: state ? `"${printable(state).slice(0, 32)}" is nothing that is said here` : '"state" is missing' };
  }
}

/** One line each, whatever the reasons of others look like: a shell reads them line by line. */
const inLines = (lines: Readonly<Record<string, string>>): string =>
  Object.entries(lines)
    .map(([key, value]) => `${key}=${printable(value)}\n`)
    .join("");
