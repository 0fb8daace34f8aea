/** GET /api/v1/cluster/snapshots/<name>: one snapshot of etcd, for the operator. It holds every Secret of the cluster. */
import type { Router } from "@koa/router";
import { Refusal } from "../refusal.ts";
import { callerOf } from "../request/caller.ts";
import type { World } from "../world.ts";
import { API } from "./openapi.ts";

/** The operator's credentials were asked for before the router. */
export function snapshotRoutes(router: Router, world: World): void {
  router.get(`${API}/cluster/snapshots/:name`, async (ctx) => {
    const { name = "" } = ctx.params;
    const found = await world.operations.readSnapshot(name);
    if (!found) {
      const reasons = {
        what: "there is no such snapshot",
        because: "it was never taken or has made room",
        todo: `see ${API}/cluster/snapshots`,
      };
      throw new Refusal(404, reasons);
    }
    const { snapshot, stream } = found;
    const caller = callerOf(ctx.req.socket.remoteAddress, world.machines).address;
    world.journal({ from: "http", level: "info", text: `snapshot ${snapshot.name} to the operator at ${caller}` });
    ctx.set("Content-Disposition", `attachment; filename="${snapshot.name}"`);
    ctx.set("X-Sextant-Sha256", snapshot.sha256);
    ctx.type = "application/octet-stream";
    ctx.length = snapshot.size;
    ctx.body = stream;
  });
}
