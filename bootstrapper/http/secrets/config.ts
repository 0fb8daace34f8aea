/** GET /config/<mac>: the first-boot configuration with every secret in it, once in a grant, against that grant's token. */
import type { Router, RouterContext } from "@koa/router";
import type { Mac } from "../../../cluster/address.ts";
import { forbidden, Refusal } from "../refusal.ts";
import { callerOf, requireLease } from "../request/caller.ts";
import { machinePath } from "../request/machine-path.ts";
import { bearer, hashOf, matches } from "../request/tokens.ts";
import type { World } from "../world.ts";
import { TOKEN_BYTES } from "./grant.ts";

const WAY_OUT =
  "look in the journal for who asked before; if the machine is yours, grant it again on the web page and boot it from the network";

export function configRoutes(router: Router, world: World): void {
  for (const path of ["/config/:name", "/cloud-config/:name"]) {
    router.get(path, async (ctx) => {
      const { mac } = machinePath(ctx.params["name"]!, [".yaml", ".yml"]);
      if (ctx.method === "HEAD") throw onlyGet(mac);
      await release(ctx, mac, world);
    });
  }
}

async function release(ctx: RouterContext, mac: Mac, { machines, texts, journal, random, now }: World): Promise<void> {
  const caller = callerOf(ctx.req.socket.remoteAddress, machines);
  requireLease(caller, mac, "the configuration of");
  const refuse = (because: string): Refusal =>
    forbidden({ what: `the configuration of ${mac} is not given to ${caller.address}`, because, todo: WAY_OUT }, mac);

  const grant = machines.find(mac)?.grant;
  const token = bearer(ctx.get("Authorization"));
  if (!grant) throw refuse("it has no open grant");
  if (grant.releasedAt !== undefined) throw refuse(`it was released at ${new Date(grant.releasedAt).toISOString()}, and is released once`);
  if (now() >= grant.expiresAt) throw refuse(`its grant ended at ${new Date(grant.expiresAt).toISOString()}`);
  if (token === undefined) throw refuse("the request has no one-time token");
  if (!matches(token, grant.tokenHash)) throw refuse("that is not the one-time token of this attempt");

  const reportToken = random(TOKEN_BYTES);
  // Durable before the first byte leaves, so that not even our own crash can release it twice.
  const outcome = await machines.apply(mac, { type: "secrets-released", reportTokenHash: hashOf(reportToken) });
  if (!outcome.ok) throw refuse(outcome.because);
  const { contentType, body } = await rendered(mac, () => texts.config(mac, reportToken));
  journal({ from: "http", mac, level: "info", text: `configuration with its secrets to ${caller.address}` });
  ctx.type = contentType;
  ctx.body = body;
}

async function rendered<T>(mac: Mac, render: () => Promise<T>): Promise<T> {
  try {
    return await render();
  } catch (error) {
    // Not a 5xx: an installer asks again after those, and would read "released once" instead of this.
    const because = `bsroot is incomplete: ${error instanceof Error ? error.message : String(error)}`;
    const todo = "run `bsroot-builder verify`, repair what it names, then grant the machine again";
    throw new Refusal(409, { what: `the configuration of ${mac} could not be made`, because, todo }, { journal: "warning", mac });
  }
}

const onlyGet = (mac: Mac): Refusal =>
  new Refusal(
    405,
    { what: `HEAD of the configuration of ${mac} does nothing`, because: "it is released once, and only whole", todo: "use GET" },
    { headers: { Allow: "GET" } },
  );
