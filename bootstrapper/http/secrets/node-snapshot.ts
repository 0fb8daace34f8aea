/** GET /kubernetes/<mac>/snapshot: the snapshot of etcd that this node is ordered to restore from. It holds every Secret of the cluster. */
import type { Router } from "@koa/router";
import { forbidden } from "../refusal.ts";
import type { World } from "../world.ts";
import { requireNode } from "./node.ts";

/** No name is asked for: the order has it. */
export function nodeSnapshotRoutes(router: Router, world: World): void {
  router.get("/kubernetes/:name/snapshot", async (ctx) => {
    const { mac, caller } = requireNode(ctx, world, "the snapshot for", (node) => `a snapshot is not given to ${node.caller.address}`);
    const found = await world.operations.snapshotFor(mac);
    if (!found) {
      const because = "it has no order to restore from one";
      throw forbidden({ what: `a snapshot is not given to ${mac}`, because, todo: "see bootstrapper cluster restore" }, mac);
    }
    const { snapshot, stream } = found;
    world.journal({ from: "http", mac, level: "info", text: `snapshot ${snapshot.name} to ${caller.address}, which restores from it` });
    ctx.type = "application/octet-stream";
    ctx.length = snapshot.size;
    ctx.body = stream;
  });
}
