/** /boot/<mac>: what iPXE runs and what a live system configures itself with. No secret is in either. */
import type { Router, RouterContext } from "@koa/router";
import { dashed, type Mac } from "../../../cluster/address.ts";
import { answerText } from "../answers.ts";
import { Refusal } from "../refusal.ts";
import { callerOf, requireLease } from "../request/caller.ts";
import { machinePath } from "../request/machine-path.ts";
import type { Transfers } from "../transfers.ts";
import type { World } from "../world.ts";

export interface Booting {
  readonly world: World;
  readonly transfers: Transfers;
  /** Whether the request carries the operator's credentials; never true on the plain port. */
  isOperator(ctx: RouterContext): boolean;
}

/** What live systems call their first configuration: Ignition's, Anaconda's, that of Debian's installer. */
const LIVE = [".ign", ".ks", ".cfg"];

export function bootRoutes(router: Router, booting: Booting): void {
  router.get("/boot/:name", async (ctx) => {
    const { mac, suffix } = machinePath(ctx.params["name"]!, [".ipxe", ...LIVE]);
    if (LIVE.includes(suffix)) answerText(ctx, stageOne(booting.world, mac));
    else answerText(ctx, await bootScript(ctx, mac, booting));
  });
  router.get("/boot/:name/:part", (ctx) => {
    const { mac } = machinePath(ctx.params["name"]!, []);
    answerText(ctx, seed(booting.world, mac, ctx.params["part"]!));
  });
}

/** What cloud-init asks of its data source nocloud; only the first of it says anything. https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html */
function seed(world: World, mac: Mac, part: string): string {
  if (part === "user-data") return stageOne(world, mac);
  if (part === "meta-data") return `instance-id: sextant-${dashed(mac)}\n`;
  if (part === "vendor-data") return "";
  throw new Refusal(404, {
    what: `there is no ${part.slice(0, 64)} of ${mac}`,
    because: "a live system is told its answers by user-data",
    todo: "nothing, when cloud-init asks; it goes on without",
  });
}

function stageOne({ texts, journal }: World, mac: Mac): string {
  const text = texts.stageOne(mac);
  if (text === undefined) {
    throw new Refusal(404, {
      what: `there is no stage-one configuration of ${mac}`,
      because: "its operating system installs without one, or it is not in cluster-desc.yml",
      todo: "boot it by its boot script, which names all it needs",
    });
  }
  journal({ from: "http", mac, level: "info", text: "stage-one configuration served" });
  return text;
}

/** Serving an install script is an attempt of the machine's grant, so only the machine itself may cause it. */
async function bootScript(ctx: RouterContext, mac: Mac, { world, transfers, isOperator }: Booting): Promise<string> {
  const { machines, texts, journal } = world;
  const caller = callerOf(ctx.req.socket.remoteAddress, machines);
  const next = machines.nextBoot(mac);
  if (isOperator(ctx)) return texts.bootScript(mac);
  if (next.do === "install") {
    requireLease(caller, mac, "the install boot script of");
    const script = texts.bootScript(mac);
    if (ctx.method === "HEAD") return script;
    transfers.forget(mac); // it has restarted: what it was fetching before, it fetches no more
    const outcome = await machines.apply(mac, { type: "boot-script-served" });
    if (outcome.ok && outcome.machine.phase === "booting") {
      journal({ from: "http", mac, level: "info", text: `boot script install to ${caller.address}: ${next.because}` });
      return script;
    }
    const now = machines.nextBoot(mac);
    if (now.do === "install") throw notNow(mac, outcome.ok ? now.because : outcome.because);
    return texts.bootScript(mac);
  }
  if (ctx.method !== "HEAD") {
    journal({ from: "http", mac, level: "info", text: `boot script ${next.do} to ${caller.address}: ${next.because}` });
  }
  return texts.bootScript(mac);
}

const notNow = (mac: Mac, because: string): Refusal =>
  new Refusal(
    409,
    { what: `${mac} does not boot the installer`, because, todo: "grant it again, on the web page or through the API" },
    { journal: "warning", mac },
  );
