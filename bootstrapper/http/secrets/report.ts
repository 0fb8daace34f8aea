/** POST /report/<mac>: what the installer and the installed node say of themselves, each with its own token. */
import type { Router } from "@koa/router";
import type { MachineState, Report } from "../../machines/machine.ts";
import { answerText } from "../answers.ts";
import type { Limits } from "../limits.ts";
import { forbidden, Refusal } from "../refusal.ts";
import { callerOf, requireLease } from "../request/caller.ts";
import { readForm } from "../request/form.ts";
import { machinePath } from "../request/machine-path.ts";
import { bearer, matches } from "../request/tokens.ts";
import type { World } from "../world.ts";
import { parseReport } from "./report-form.ts";

type TokenKind = "install" | "report";

/** Whose token may say what: the grant's one while it installs, the one on its disk afterwards. */
const SPOKEN_WITH: Record<Report["phase"], readonly TokenKind[]> = {
  installing: ["install"],
  installed: ["install"],
  configuring: ["report"],
  ready: ["report"],
  failed: ["install", "report"],
};

export function reportRoutes(router: Router, { machines, journal }: World, limits: Limits): void {
  router.post("/report/:name", async (ctx) => {
    const { mac } = machinePath(ctx.params["name"]!, []);
    const caller = callerOf(ctx.req.socket.remoteAddress, machines);
    requireLease(caller, mac, "the right to report for");
    const what = `the report of ${mac} from ${caller.address} is not taken`;

    const token = bearer(ctx.get("Authorization"));
    const may = (kind: TokenKind): boolean => speaks(token, machines.find(mac), kind);
    // Before the body: a stranger's is not even read.
    if (!may("install") && !may("report")) {
      const because = token ? "its token is none that this machine was given" : "it has no token";
      throw forbidden({ what, because, todo: "boot the machine from the network again; a grant makes new tokens" }, mac);
    }
    const parsed = parseReport(await readForm(ctx.req, limits));
    if ("because" in parsed) {
      throw new Refusal(
        400,
        { what, because: parsed.because, todo: "send phase=installing&disk=..., phase=failed&reason=..., or another phase alone" },
        { journal: "warning", mac },
      );
    }
    const { report } = parsed;
    if (!SPOKEN_WITH[report.phase].some(may)) {
      throw forbidden(
        { what, because: `"${report.phase}" is not said with this token`, todo: "send it with the token of that stage" },
        mac,
      );
    }
    const outcome = await machines.apply(mac, { type: "reported", report });
    if (!outcome.ok) {
      throw new Refusal(
        409,
        { what, because: outcome.because, todo: "see the machine's phase on the web page" },
        { journal: "warning", mac },
      );
    }
    journal({ from: "http", mac, level: "info", text: `reported ${inWords(report)}` });
    answerText(ctx, `noted: ${report.phase}\n`);
  });
}

const speaks = (token: string | undefined, machine: MachineState | undefined, kind: TokenKind): boolean =>
  matches(token, kind === "install" ? machine?.grant?.tokenHash : machine?.reportTokenHash);

function inWords(report: Report): string {
  if (report.phase === "installing") return `installing on ${report.disk}`;
  return report.phase === "failed" ? `failed: ${report.reason}` : report.phase;
}
