/** GET /kubernetes/<mac>/snapshot: the cluster's whole data leaves to the one machine that is ordered to restore it, and to nobody else. */
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashOf } from "../../../bootstrapper/http/request/tokens.ts";
import { type Answer, type Ask, type Rig, startRig } from "./rig.ts";
import { API_TOKEN, CP1, CP1_ADDRESS, STRANGER, W1, W1_ADDRESS } from "./small-world.ts";

const TOKEN = "c".repeat(64);
const NAME = "etcd-20261121T180000Z.db";
let rig: Rig;
let opened: number;
beforeEach(async () => {
  rig = await startRig();
  opened = 0;
  rig.world.put(CP1, { phase: "ready", reportTokenHash: hashOf(TOKEN) });
  rig.world.put(W1, { phase: "ready", reportTokenHash: hashOf("d".repeat(64)) });
  Object.assign(rig.world.operations, {
    snapshotFor: async (mac: string) => {
      if (mac !== CP1) return undefined;
      opened += 1;
      return { snapshot: { name: NAME, at: 0, size: 5, sha256: "00ff" }, stream: Readable.from([Buffer.from("bytes")]) };
    },
  });
});
afterEach(() => rig.stop());

const HERE = "/kubernetes/52-54-00-00-00-11/snapshot";
const ask = (path = HERE, how: Ask = {}): Promise<Answer> => rig.ask(path, { from: CP1_ADDRESS, token: TOKEN, ...how });

test("the machine with the order is given its snapshot, whole and journaled", async () => {
  const { status, text, headers } = await ask();
  expect([status, text, headers["content-length"]]).toEqual([200, "bytes", "5"]);
  expect(rig.world.lines()).toEqual([`snapshot ${NAME} to ${CP1_ADDRESS}, which restores from it`]);
});

test.each<{ readonly what: string; readonly path?: string; readonly how: Ask }>([
  {
    what: "a machine without that order",
    path: "/kubernetes/52-54-00-00-00-21/snapshot",
    how: { from: W1_ADDRESS, token: "d".repeat(64) },
  },
  { what: "another machine in its name", how: { from: W1_ADDRESS, token: "d".repeat(64) } },
  { what: "another address with its token", how: { from: W1_ADDRESS } },
  { what: "an address that nobody holds", how: { from: STRANGER } },
  { what: "a wrong token", how: { token: "x" } },
  { what: "the token's hash", how: { token: hashOf(TOKEN) } },
  { what: "the operator's token", how: { token: API_TOKEN } },
  { what: "anybody over plain HTTP", how: { plain: true } },
])("$what is refused, and that is journaled", async ({ path, how }) => {
  expect((await ask(path, how)).status).toBe(403);
  expect([opened, rig.world.lines("refused").length]).toEqual([0, 1]);
});

test.each([
  `/kubernetes/52-54-00-00-00-11/snapshot/${NAME}`,
  `/kubernetes/52-54-00-00-00-11/snapshots/${NAME}`,
  `/kubernetes/52-54-00-00-00-11/${NAME}`,
  "/kubernetes/52-54-00-00-00-11/..%2fsnapshot",
  "/kubernetes/52-54-00-00-00-11/snapshot%2f..%2f..%2ftls%2fca.key",
  "/kubernetes/cp-1/snapshot",
  "/kubernetes//snapshot",
])("%s leads nowhere: a node names no file", async (path) => {
  const { status, text } = await ask(path);
  expect([400, 404, 405]).toContain(status);
  expect([opened, text.includes("bytes")]).toEqual([0, false]);
});

test("no order, no snapshot, though it was fetched a moment ago", async () => {
  expect((await ask()).status).toBe(200);
  Object.assign(rig.world.operations, { snapshotFor: async () => undefined });
  const { status, text } = await ask();
  expect([status, text]).toEqual([403, expect.stringContaining("it has no order to restore from one")]);
});
