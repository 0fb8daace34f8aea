/** Operations over the API: what is asked for, what is shown, and what is refused in which words. */
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Operation, Wish } from "../../../../bootstrapper/operations/operation.ts";
import { mac } from "../../../../cluster/address.ts";
import { type Answer, type Rig, startRig } from "../rig.ts";
import { API_TOKEN } from "../small-world.ts";

const CP1 = mac("52:54:00:00:00:11");
const STEPS: Operation["steps"] = [{ do: "snapshot" }, { do: "cordon", mac: CP1, node: "cp-1" }];
const running = (wish: Wish): Operation => ({ id: "a1", wish, steps: STEPS, at: 1, is: "running", tries: 0, begun: 0, changed: 1_000 });

let rig: Rig;
let wishes: Wish[];
beforeEach(async () => {
  rig = await startRig();
  wishes = [];
  Object.assign(rig.world.operations, {
    plan: async (wish: Wish) => {
      wishes.push(wish);
      return { planned: { ok: true, steps: STEPS, notes: ["mind the gap"] }, id: "0123" };
    },
    apply: async (wish: Wish, id: string) => {
      if (id !== "0123") throw new Error("the plan would be another one by now; ask for it again");
      return running(wish);
    },
    continue: () => Promise.reject(new Error("there is nothing to continue: nothing was begun")),
    last: () => ({ operation: running({ do: "remove", machine: "w-1" }), doing: "cp-1: evict its pods: 2 pods are still there" }),
    snapshots: async () => [{ name: "etcd-20261121T180000Z.db", at: Date.UTC(2026, 10, 21, 18), size: 5, sha256: "00" }],
    readSnapshot: async (name: string) =>
      name === "etcd-20261121T180000Z.db"
        ? { snapshot: { name, at: 0, size: 5, sha256: "00ff" }, stream: Readable.from([Buffer.from("bytes")]) }
        : undefined,
  });
});
afterEach(() => rig.stop());
const ask = (path: string, method = "GET", token = API_TOKEN): Promise<Answer> => rig.ask(`/api/v1/cluster/${path}`, { method, token });

test.each([
  ["do=upgrade&release=1.37.1&batch=3", { do: "upgrade", release: "1.37.1", batch: 3 }],
  ["do=reinstall&machines=w-1,w-2", { do: "reinstall", machines: ["w-1", "w-2"], batch: 1 }],
  ["do=reinstall", { do: "reinstall", machines: [], batch: 1 }],
  ["do=remove&machine=w-1", { do: "remove", machine: "w-1" }],
  ["do=prune", { do: "prune" }],
  ["do=restore&snapshot=etcd-20261121T180000Z.db", { do: "restore", snapshot: "etcd-20261121T180000Z.db" }],
  ["do=replace&machine=w-1&by=w-9", { do: "replace", machine: "w-1", by: "w-9" }],
])("%s is planned, and shown in words", async (query, wish) => {
  const { status, text } = await ask(`plan?${query}`, "POST");
  expect([status, wishes]).toEqual([200, [wish]]);
  expect(JSON.parse(text)).toMatchObject({
    plan: "0123",
    steps: ["take a snapshot of etcd", "cp-1: let no new pods in"],
    notes: ["mind the gap"],
  });
});

test.each([
  ["do=upgrade", "upgrade needs release="],
  ["do=remove", "remove needs machine="],
  ["do=dance", "do:"],
  ["do=restore", "restore needs snapshot="],
  ["do=restore&snapshot=../../tls/ca.key", "snapshot:"],
  ["do=upgrade&release=1.37.1&batch=0", "batch:"],
  ["do=remove&machine=../x", "machine:"],
])("%s is explained", async (query, because) => {
  const { status, text } = await ask(`plan?${query}`, "POST");
  expect([status, text]).toEqual([400, expect.stringContaining(because)]);
});

test("what was planned is begun, and another plan is a conflict", async () => {
  expect(JSON.parse((await ask("apply?do=remove&machine=w-1&plan=0123", "POST")).text)).toMatchObject({
    wish: "remove w-1",
    is: "running",
    done: 1,
  });
  const { status, text } = await ask("apply?do=remove&machine=w-1&plan=9999", "POST");
  expect([status, text]).toEqual([409, expect.stringContaining("another one by now")]);
  expect(rig.world.lines()).toContain("remove w-1: the operator asked from 127.0.0.1");
});

test("whoever looks on sees how far it is and what it waits for", async () => {
  expect(JSON.parse((await ask("operation")).text)).toEqual({
    operation: {
      id: "a1",
      wish: "remove w-1",
      is: "running",
      done: 1,
      steps: ["take a snapshot of etcd", "cp-1: let no new pods in"],
      doing: "cp-1: evict its pods: 2 pods are still there",
      begun: "1970-01-01T00:00:00.000Z",
      changed: "1970-01-01T00:00:01.000Z",
    },
  });
});

test("a snapshot is downloaded whole, and journaled", async () => {
  expect(JSON.parse((await ask("snapshots")).text)).toMatchObject({ snapshots: [{ name: "etcd-20261121T180000Z.db", size: 5 }] });
  const { status, text, headers } = await ask("snapshots/etcd-20261121T180000Z.db");
  expect([status, text, headers["x-sextant-sha256"], headers["content-length"]]).toEqual([200, "bytes", "00ff", "5"]);
  expect(rig.world.lines().at(-1)).toContain("snapshot etcd-20261121T180000Z.db to the operator at 127.0.0.1");
  expect((await ask("snapshots/other.db")).status).toBe(404);
});

test.each([
  ["plan?do=reinstall", "POST"],
  ["apply?do=reinstall&plan=0123", "POST"],
  ["cancel", "POST"],
  ["operation", "GET"],
  ["snapshots/etcd-20261121T180000Z.db", "GET"],
])("%s is the operator's alone", async (path, method) => {
  expect((await ask(path, method, "wrong")).status).toBe(401);
  expect(wishes).toEqual([]);
});

test("what cannot be continued is said in its own words", async () => {
  expect(await ask("continue", "POST")).toMatchObject({ status: 409, text: expect.stringContaining("there is nothing to continue") });
});
