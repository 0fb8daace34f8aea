/** The HTTP server before the real lifecycle and a store whose disk the test holds: what leaves, left only after it was written down. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRoster, type Roster } from "../../../bootstrapper/machines/roster.ts";
import type { Mac } from "../../../cluster/address.ts";
import { described } from "../../support/description.ts";
import { type MemoryStore, memoryStore } from "../../support/memory-store.ts";
import { type Answer, asOperator, form, type Rig, startRig } from "./rig.ts";
import { CP1, CP1_ADDRESS, NEW, STRANGER } from "./small-world.ts";

let rig: Rig;
let store: MemoryStore;
let roster: Roster;
beforeEach(async () => {
  rig = await startRig({}, async (world) => {
    store = memoryStore();
    roster = await openRoster({
      cluster: described(),
      store,
      journal: world.journal,
      now: () => world.time,
      holder: (address) => world.holders.get(address),
      addressOf: () => undefined,
    });
    const texts = { ...world.texts, bootScript: (mac: Mac) => roster.nextBoot(mac).do };
    Object.assign(world, { machines: roster, texts });
  });
});
afterEach(async () => {
  await rig.stop();
  await roster.close();
});

const from = CP1_ADDRESS;
const boot = async (): Promise<string> => (await rig.ask(`/boot/${CP1}.ipxe`, { plain: true, from })).text;
const grant = (): Promise<Answer> => rig.ask(`/grant/${CP1}`, { method: "POST", from });
const config = (token: string): Promise<Answer> => rig.ask(`/config/${CP1}`, { from, token });
const report = async (token: string, body: string): Promise<number> =>
  (await rig.ask(`/report/${CP1}`, { method: "POST", from, token, body, headers: form })).status;
const phase = (): string | undefined => roster.find(CP1)?.phase;

/** Boots, takes the token and begins to write. */
async function install(): Promise<string> {
  expect(await boot()).toBe("install");
  const token = (await grant()).text;
  expect(await report(token, "phase=installing&disk=vda")).toBe(200);
  return token;
}

test("a machine installs, boots its disk, and installs no second time", async () => {
  const token = await install();
  const { reportToken } = (await config(token)).json() as { reportToken: string };
  expect(await report(token, "phase=installed")).toBe(200);
  expect(await boot()).toBe("local");
  expect(await report(reportToken, "phase=configuring")).toBe(200);
  expect(await report(reportToken, "phase=ready")).toBe(200);
  expect([phase(), await boot()]).toEqual(["ready", "local"]);
  expect((await grant()).status).toBe(403);
  expect((await config(token)).status).toBe(403);
  expect((await rig.ask(`/install/${CP1}.sh`, { plain: true, from })).status).toBe(403);
});

test("a power cut before the release costs one attempt, and the old token is worth nothing", async () => {
  const old = await install();
  const token = await install();
  expect((await config(old)).status).toBe(403);
  expect((await config(token)).status).toBe(200);
});

test("after the last attempt the next boot says so instead of installing", async () => {
  for (let attempt = 1; attempt <= described().install.attempts; attempt += 1) expect(await boot()).toBe("install");
  expect(await boot()).toBe("nothing");
  expect(phase()).toBe("failed");
});

test("previews and HEAD use up no attempt", async () => {
  for (let i = 0; i < 10; i += 1) {
    await rig.ask(`/boot/${CP1}.ipxe`, { plain: true, from, method: "HEAD" });
    expect((await rig.ask(`/boot/${CP1}.ipxe`, { from: STRANGER, ...asOperator })).text).toBe("install");
  }
  expect([phase(), await boot()]).toEqual(["assigned", "install"]);
  expect(roster.find(CP1)?.grant?.attempt).toBe(1);
});

test("no secret leaves before its release is on disk, and none when the disk refuses", async () => {
  const token = await install();
  const release = store.hold();
  let answered = false;
  const asked = config(token).then((answer) => {
    answered = true;
    return answer;
  });
  await expect.poll(() => store.waiting()).toBe(1);
  expect([answered, rig.world.order.includes("rendered config")]).toEqual([false, false]);
  store.fail(new Error("the disk is full"));
  release();
  const refused = await asked;
  expect(refused.status).toBe(403);
  expect(refused.text).toContain("the disk is full");
  expect(rig.world.order).not.toContain("rendered config");
  store.fail(undefined);
  expect((await config(token)).status).toBe(200);
});

test("an unlisted machine gets the discover script and nothing else, whatever it holds", async () => {
  rig.world.holders.set(STRANGER as never, NEW);
  const ask = async (path: string, method = "GET", plain = false): Promise<number> =>
    (await rig.ask(path, { method, plain, from: STRANGER, token: "0".repeat(64) })).status;
  expect((await rig.ask(`/boot/${NEW}.ipxe`, { plain: true, from: STRANGER })).text).toBe("discover");
  expect(await ask(`/install/${NEW}.sh`, "GET", true)).toBe(403);
  expect(await ask(`/grant/${NEW}`, "POST")).toBe(403);
  expect(await ask(`/config/${NEW}`)).toBe(403);
  expect(await ask(`/report/${NEW}`, "POST")).toBe(403);
  expect(rig.world.lines("refused")).toHaveLength(4);
});

test("the operator grants, re-installs and retires through the API, and is told why not", async () => {
  const act = (action: string): Promise<Answer> => rig.ask(`/api/v1/machines/${CP1}/${action}`, { method: "POST", ...asOperator });
  const token = await install();
  await config(token);
  await report(token, "phase=installed");
  const refused = await act("grant");
  expect([refused.status, (refused.json() as { error: string }).error]).toEqual([409, expect.stringContaining("say reinstall")]);
  expect((await act("reinstall")).json()).toMatchObject({ phase: "reinstall", nextBoot: { do: "install" } });
  expect(await boot()).toBe("install");
  expect((await act("retire")).json()).toMatchObject({ phase: "retired", nextBoot: { do: "nothing" } });
  expect((await grant()).status).toBe(403);
  expect((await act("assign")).json()).toMatchObject({ phase: "assigned" });
});
