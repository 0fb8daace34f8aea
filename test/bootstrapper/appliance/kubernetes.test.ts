/** The real program asked by nodes that want into a cluster, killed in between: what it said once it stands by. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { MachineState } from "../../../bootstrapper/machines/machine.ts";
import { openStore } from "../../../bootstrapper/store/file-store.ts";
import { mac } from "../../../cluster/address.ts";
import { layout } from "../../../cluster/layout.ts";
import { clusterPki } from "../../support/cluster-pki.ts";
import { DESCRIPTION } from "../../support/description.ts";
import { type Answer, hashOf, Rig } from "./rig.ts";

const OTHERS = [12, 13].map(
  (n) => `  - { mac: "52:54:00:00:00:${n}", name: cp-${n - 10}, address: 127.0.0.${n}, roles: [control-plane] }\n`,
);
const NODES = ["11", "12", "21"] as const;

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.make(`${DESCRIPTION}${OTHERS.join("")}kubernetes: { version: "1.20.2" }\n`);
  const { ca, superAdmin } = clusterPki();
  const files = { [layout.tls.clusterCa]: ca.cert, [layout.tls.superAdmin]: superAdmin.cert, [layout.tls.superAdminKey]: superAdmin.key };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(rig.bsroot, path), text, { mode: 0o600 });
  const store = await openStore(rig.state);
  const machines = store.table<MachineState>("machines");
  for (const end of NODES) {
    const address = mac(`52:54:00:00:00:${end}`);
    const times = { since: Date.now(), lastSeen: Date.now() };
    await machines.put(address, {
      mac: address,
      phase: "configuring",
      because: "",
      disks: [],
      reportTokenHash: hashOf(`token-${end}`),
      ...times,
    });
  }
  await store.close();
  await rig.start();
  return () => rig.remove();
});

const say = (end: (typeof NODES)[number], state: string): Promise<Answer> =>
  rig.tls(`/kubernetes/52-54-00-00-00-${end}`, { method: "POST", from: `127.0.0.${end}`, token: `token-${end}`, form: { state } });

test("one control plane founds, and a power cut of ours changes nothing about that", async () => {
  expect(await say("21", "asks")).toEqual({ status: 200, text: "do=wait\nbecause=no control plane has founded the cluster yet\n" });
  expect((await say("12", "asks")).text).toMatch(/^do=found\n/);
  expect((await rig.plain("/healthz")).text).toContain("kubernetes: cp-2 founds the cluster\n");
  await rig.stop("SIGKILL");
  await rig.start();
  expect(await say("11", "asks")).toEqual({ status: 200, text: "do=wait\nbecause=cp-2 founds the cluster\n" });
  expect((await say("12", "asks")).text).toMatch(/^do=found\n/);
  expect((await say("11", "founded")).status).toBe(409);
  expect(await say("12", "founded")).toEqual({ status: 200, text: "noted=founded\n" });
  await rig.stop("SIGKILL");
  await rig.start();
  expect((await say("11", "asks")).text).toContain("no control plane's API is ready");
  expect((await say("11", "founded")).text).toContain("cp-2 founded the cluster; join it");
  expect(await rig.api("/cluster")).toMatchObject({
    version: "1.20.2",
    founding: { is: "done", by: "cp-2" },
    nodes: { ready: 0, expected: 5 },
  });
});

test("nobody is told anything with another machine's token", async () => {
  const answer = await rig.tls("/kubernetes/52-54-00-00-00-21", {
    method: "POST",
    from: "127.0.0.21",
    token: "token-11",
    form: { state: "asks" },
  });
  expect(answer.status).toBe(403);
});
