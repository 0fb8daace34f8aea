/** /install/<mac>.sh and the ways to it: what the live system runs. No secret is in it. */
import type { Router, RouterContext } from "@koa/router";
import type { Mac } from "../../../cluster/address.ts";
import { answerText } from "../answers.ts";
import { Refusal } from "../refusal.ts";
import { callerOf } from "../request/caller.ts";
import { machinePath } from "../request/machine-path.ts";
import type { World } from "../world.ts";
import type { Booting } from "./boot.ts";

export function installRoutes(router: Router, { world, isOperator }: Booting): void {
  for (const path of ["/install.sh", "/static/cloud-config/install.sh"]) {
    router.get(path, (ctx) => answerText(ctx, world.texts.wayIn()));
  }
  router.get("/install/:name", (ctx) => {
    const { mac } = machinePath(ctx.params["name"]!, [".sh"]);
    if (!isOperator(ctx) || world.machines.nextBoot(mac).do === "discover") requireInstalling(ctx, world, mac);
    answerText(ctx, world.texts.installScript(mac));
  });
}

/** A machine that is not to be installed gets no script that would, whatever it booted to come here. */
function requireInstalling(ctx: RouterContext, { machines, journal }: World, mac: Mac): void {
  const { address } = callerOf(ctx.req.socket.remoteAddress, machines);
  const next = machines.nextBoot(mac);
  const phase = machines.find(mac)?.phase;
  // Its last attempt may be running: then the next boot is no installation, but this one is.
  if (next.do === "install" || phase === "booting" || phase === "installing") {
    if (ctx.method !== "HEAD") journal({ from: "http", mac, level: "info", text: `install script to ${address}` });
    return;
  }
  throw new Refusal(
    403,
    {
      what: `the install script of ${mac} is not given to ${address}`,
      because: next.because,
      todo: "grant the machine, or ask for its re-installation, on the web page or through the API; then boot it from the network",
    },
    { journal: "refused", mac },
  );
}
