/** What a booting machine asks for, and who may be counted as it. */
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { asOperator, type Rig, startRig } from "./rig.ts";
import { CP1, CP1_ADDRESS, granted, NEW, STRANGER, W1, W1_ADDRESS } from "./small-world.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const attempts = (): number => rig.world.applied.filter(({ event }) => event.type === "boot-script-served").length;
const plainly = { plain: true, from: CP1_ADDRESS };

test.each([
  "/boot/52-54-00-00-00-11.ipxe",
  "/boot/52:54:00:00:00:11.ipxe",
  "/boot/52%3A54%3a00%3A00%3A00%3A11.ipxe",
  "/boot/525400000011",
  "/boot/5254.0000.0011.IPXE",
  "//boot//52-54-00-00-00-11",
])("the machine that holds the lease gets its install script and one attempt is counted: %s", async (path) => {
  const { status, text, headers } = await rig.ask(path, plainly);
  expect([status, text]).toEqual([200, `#!ipxe\necho install ${CP1}\n`]);
  expect(headers["content-length"]).toBe(String(text.length)); // old firmware knows no chunks
  expect(rig.world.applied).toEqual([{ mac: CP1, event: { type: "boot-script-served" } }]);
});

test.each([STRANGER, W1_ADDRESS, "127.0.0.1"])("%s gets nothing of another machine's install script", async (from) => {
  const { status, text } = await rig.ask(`/boot/${CP1}.ipxe`, { plain: true, from });
  expect(status).toBe(403);
  expect(text).toMatch(/^refused: .*\nbecause: .*\nwhat to do: .*\n$/);
  expect(text).not.toContain("#!ipxe");
  expect(attempts()).toBe(0);
  expect(rig.world.entries).toMatchObject([{ level: "refused", mac: CP1, from: "http", text: expect.stringContaining(from) }]);
});

test("a forwarded address is not believed", async () => {
  const headers = { "X-Forwarded-For": CP1_ADDRESS, Forwarded: `for=${CP1_ADDRESS}`, "X-Real-IP": CP1_ADDRESS };
  expect((await rig.ask(`/boot/${CP1}.ipxe`, { plain: true, from: STRANGER, headers })).status).toBe(403);
});

test("HEAD is no attempt, even from the machine itself", async () => {
  const { status, text, headers } = await rig.ask(`/boot/${CP1}.ipxe`, { ...plainly, method: "HEAD" });
  expect([status, text]).toEqual([200, ""]);
  expect(Number(headers["content-length"])).toBeGreaterThan(0);
  expect(attempts()).toBe(0);
});

test("HEAD by a stranger is refused as GET is", async () => {
  expect((await rig.ask(`/boot/${CP1}.ipxe`, { plain: true, from: STRANGER, method: "HEAD" })).status).toBe(403);
});

test("the operator previews over TLS without counting", async () => {
  const { status, text } = await rig.ask(`/boot/${CP1}.ipxe`, { from: STRANGER, ...asOperator });
  expect([status, text]).toEqual([200, `#!ipxe\necho install ${CP1}\n`]);
  expect(attempts()).toBe(0);
});

test("the API token has no say on the plain port", async () => {
  expect((await rig.ask(`/boot/${CP1}.ipxe`, { plain: true, from: STRANGER, ...asOperator })).status).toBe(403);
});

test("a wrong API token is no preview", async () => {
  expect((await rig.ask(`/boot/${CP1}.ipxe`, { from: STRANGER, token: "guess" })).status).toBe(403);
});

test("the script that follows a used-up grant is the one of the new phase", async () => {
  rig.world.denied.set("boot-script-served", "all 3 attempts are used");
  const refused = await rig.ask(`/boot/${CP1}.ipxe`, plainly);
  expect(refused.status).toBe(409);
  expect(refused.text).toContain("all 3 attempts are used");
});

test("a grant that ends while it is asked for boots the disk", async () => {
  rig.world.machines.apply = async (mac) => {
    rig.world.put(mac, { phase: "failed" });
    return { ok: true, machine: rig.world.states.get(mac)! };
  };
  const { status, text } = await rig.ask(`/boot/${CP1}.ipxe`, plainly);
  expect([status, text]).toEqual([200, `#!ipxe\necho local ${CP1}\n`]);
});

test.each([
  { phase: "ready", script: "local" },
  { phase: "failed", script: "local" },
  { phase: "retired", script: "nothing" },
] as const)("a machine that is $phase gets the $script script and counts nothing", async ({ phase, script }) => {
  rig.world.put(CP1, { phase });
  expect((await rig.ask(`/boot/${CP1}.ipxe`, plainly)).text).toBe(`#!ipxe\necho ${script} ${CP1}\n`);
  expect(rig.world.applied).toEqual([]);
});

test("an unlisted machine gets the discover script from wherever it asks", async () => {
  const { status, text } = await rig.ask(`/boot/${NEW}.ipxe`, { plain: true, from: STRANGER });
  expect([status, text]).toEqual([200, `#!ipxe\necho discover ${NEW}\n`]);
});

test.each([
  "/boot/52-54-00-00-00.ipxe",
  "/boot/zz-54-00-00-00-11.ipxe",
  "/boot/.ipxe",
  "/install/not-a-mac.sh",
  "/boot/52:54-00:00-00:11.ign",
])("what is not a MAC is said to be none: %s", async (path) => {
  const { status, text } = await rig.ask(path, plainly);
  expect(status).toBe(400);
  expect(text).toContain("not a MAC address");
});

test("stage one is served where an operating system has one, and its absence is explained", async () => {
  expect((await rig.ask(`/boot/${CP1}.ign`, plainly)).json()).toEqual({ ignition: { version: "3.3.0" } });
  const none = await rig.ask(`/boot/${W1}.ign`, { plain: true, from: W1_ADDRESS });
  expect(none.status).toBe(404);
  expect(none.text).toContain("installs without one");
});

test("stage one is the same by whatever name a live system asks for it", async () => {
  const { text } = await rig.ask(`/boot/${CP1}.ign`, plainly);
  for (const name of [`${CP1}.ks`, `${CP1}.cfg`, `${CP1}/user-data`]) expect((await rig.ask(`/boot/${name}`, plainly)).text).toBe(text);
});

test("cloud-init is told which machine this is, and nothing by the parts it may leave out", async () => {
  expect((await rig.ask(`/boot/${CP1}/meta-data`, plainly)).text).toBe(`instance-id: sextant-${CP1.replaceAll(":", "-")}\n`);
  expect(await rig.ask(`/boot/${CP1}/vendor-data`, plainly)).toMatchObject({ status: 200, text: "" });
  expect((await rig.ask(`/boot/${CP1}/network-config`, plainly)).status).toBe(404);
  expect((await rig.ask(`/boot/${W1}/user-data`, { plain: true, from: W1_ADDRESS })).status).toBe(404);
  expect((await rig.ask("/boot/zz/meta-data", plainly)).status).toBe(400);
});

test.each(["/install.sh", "/static/cloud-config/install.sh"])("%s is the way in, on both ports", async (path) => {
  for (const plain of [true, false]) expect((await rig.ask(path, { plain })).text).toBe("#!/bin/sh\necho way in\n");
});

test("the install script goes to a machine that installs", async () => {
  rig.world.put(CP1, granted());
  expect((await rig.ask(`/install/${CP1}.sh`, plainly)).text).toBe(`#!/bin/sh\necho install ${CP1}\n`);
});

test("a machine that is not to be installed gets a script that says so and stops", async () => {
  rig.world.put(CP1, { phase: "ready" });
  const { status, text } = await rig.ask(`/install/${CP1}.sh`, plainly);
  expect(status).toBe(403);
  expect(() => execFileSync("sh", ["-c", text], { stdio: "pipe" })).toThrow("it is ready");
  expect(rig.world.lines("refused")).toHaveLength(1);
});

test("the operator previews any install script", async () => {
  rig.world.put(CP1, { phase: "ready" });
  expect((await rig.ask(`/install/${CP1}.sh`, asOperator)).status).toBe(200);
});
