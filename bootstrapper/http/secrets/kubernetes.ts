/** POST /kubernetes/<mac>: a node asks what it is to do to become part of the cluster, and says how that went. */
import type { Router } from "@koa/router";
import type { OrderWord, Word } from "../../kubernetes/words.ts";
import { answerText } from "../answers.ts";
import type { Limits } from "../limits.ts";
import { Refusal } from "../refusal.ts";
import { readForm } from "../request/form.ts";
import type { World } from "../world.ts";
import { type Node, requireNode } from "./node.ts";
import { printable, readable } from "./report-form.ts";

export function kubernetesRoutes(router: Router, world: World, limits: Limits): void {
  router.post("/kubernetes/:name", async (ctx) => {
    const unheard = ({ mac, caller }: Node): string => `what ${mac} says of the cluster from ${caller.address} is not heard`;
    // Before the body: a stranger's is not even read.
    const node = requireNode(ctx, world, "the way into the cluster of", unheard);
    const { mac } = node;
    const what = unheard(node);
    const word = parseWord(await readForm(ctx.req, limits));
    if ("because" in word) {
      const reasons = {
        what,
        because: word.because,
        todo: "send state=asks, founding, founded, joined, serves, state=obeyed&order=..., or state=failed&reason=...",
      };
      throw new Refusal(400, reasons, { journal: "warning", mac });
    }
    const isOfOrders = "order" in word || word.state === "serves";
    const heard = isOfOrders ? await world.operations.hear(mac, word) : await world.kubernetes.hear(mac, word);
    // The desk has journaled it: a node repeats itself.
    if (!heard.ok) throw new Refusal(409, { what, because: heard.because, todo: "undo what was begun, and ask again" });
    answerText(ctx, inLines([...Object.entries(heard.lines), ...(heard.files ?? []).map((file) => ["file", file] as const)]));
  });
}

const ORDER = /^[a-z0-9.]{1,64}$/;

/** Total: whatever the form holds becomes a word or a reason why it is none. */
export function parseWord(form: URLSearchParams): Word | OrderWord | { readonly because: string } {
  const twice = ["state", "reason", "order"].find((name) => form.getAll(name).length > 1);
  if (twice) return { because: `"${twice}" is given twice` };
  const state = form.get("state") ?? "";
  const order = form.get("order");
  if (order !== null && !ORDER.test(order)) return { because: '"order" is none that was given' };
  switch (state) {
    case "asks":
    case "founding":
    case "founded":
    case "joined":
      return { state };
    case "serves":
      return { state };
    case "obeyed":
      return order === null ? { because: '"order" is missing' } : { state, order };
    case "failed": {
      const reason = readable(form.get("reason") ?? "");
      if (reason === "") return { because: '"reason" is missing' };
      return order === null ? { state, reason } : { state, reason, order };
    }
    default:
      return { because: state ? `"${printable(state).slice(0, 32)}" is nothing that is said here` : '"state" is missing' };
  }
}

/** One line each, whatever the reasons of others look like: a shell reads them line by line. */
const inLines = (lines: readonly (readonly [key: string, value: string])[]): string =>
  lines.map(([key, value]) => `${key}=${printable(value)}\n`).join("");
