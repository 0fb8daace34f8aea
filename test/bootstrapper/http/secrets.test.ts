/** Token, configuration and reports: what leaves, to whom, how often, and what is written down about every other try. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashOf } from "../../../bootstrapper/http/request/tokens.ts";
import { type Answer, asOperator, form, type Rig, startRig } from "./rig.ts";
import { CP1, CP1_ADDRESS, granted, NEW, NOW, STRANGER, W1, W1_ADDRESS } from "./small-world.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  rig.world.put(CP1, granted());
});
afterEach(() => rig.stop());

const own = { from: CP1_ADDRESS };
const grant = async (): Promise<string> => (await rig.ask(`/grant/${CP1}`, { method: "POST", ...own })).text;
const config = (token?: string, from = CP1_ADDRESS): Promise<Answer> => rig.ask(`/config/${CP1}`, { from, ...(token && { token }) });
const report = (token: string, body: string, from = CP1_ADDRESS): Promise<Answer> =>
  rig.ask(`/report/${CP1}`, { method: "POST", from, token, body, headers: form });

/** The words a person at a serial console reads, and the line the operator reads. */
function expectRefusal({ status, text }: Answer, because: string | RegExp): void {
  expect(status).toBe(403);
  expect(text).toMatch(/^refused: .+\nbecause: .+\nwhat to do: .+\n$/);
  expect(text).toMatch(because);
  expect(rig.world.entries.at(-1)).toMatchObject({ from: "http", level: "refused", mac: CP1, text: expect.stringMatching(because) });
}

test("a token is 64 hex digits, and only its hash is kept", async () => {
  const { status, text, headers } = await rig.ask(`/grant/${CP1}`, { method: "POST", ...own });
  expect(status).toBe(200);
  expect(text).toMatch(/^[0-9a-f]{64}$/);
  expect(headers["content-type"]).toMatch(/^text\/plain/);
  expect(headers["cache-control"]).toBe("no-store");
  expect(rig.world.applied).toEqual([{ mac: CP1, event: { type: "token-issued", tokenHash: hashOf(text) } }]);
  expect(JSON.stringify([...rig.world.states.values(), ...rig.world.entries])).not.toContain(text);
});

test("the token of an attempt is given once", async () => {
  await grant();
  expectRefusal(await rig.ask(`/grant/${CP1}`, { method: "POST", ...own }), /given already/);
});

test.each([STRANGER, W1_ADDRESS, "127.0.0.1"])("%s gets no token of another machine", async (from) => {
  expectRefusal(await rig.ask(`/grant/${CP1}`, { method: "POST", from }), from);
  expect(rig.world.applied).toEqual([]);
});

test("without an open grant there is no token", async () => {
  const { status, text } = await rig.ask(`/grant/${W1}`, { method: "POST", from: W1_ADDRESS });
  expect(status).toBe(403);
  expect(text).toContain("no open grant");
});

test("the configuration leaves once the release is on disk, with a report token of its own", async () => {
  const token = await grant();
  rig.world.order.length = 0;
  const answer = await config(token);
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  const { reportToken, secret } = answer.json() as { reportToken: string; secret: string };
  expect(secret).toBe("the key");
  expect(reportToken).not.toBe(token);
  expect(rig.world.order).toEqual(["applied secrets-released", "rendered config"]);
  expect(rig.world.states.get(CP1)?.reportTokenHash).toBe(hashOf(reportToken));
  expect(JSON.stringify(rig.world.entries)).not.toContain(reportToken);
});

test.each(["/cloud-config/52-54-00-00-00-11", "/cloud-config/52-54-00-00-00-11.yaml", "/config/525400000011.yaml"])(
  "%s is the same",
  async (path) => {
    const token = await grant();
    expect((await rig.ask(path, { ...own, token })).json()).toMatchObject({ secret: "the key" });
  },
);

test("a second request with the right token is refused and journaled", async () => {
  const token = await grant();
  await config(token);
  const second = await config(token);
  expectRefusal(second, /released at 2026-11-01T12:00:00.000Z, and is released once/);
  expect(second.text).not.toContain("the key");
});

test("of many requests at once, one gets the secrets", async () => {
  const token = await grant();
  const answers = await Promise.all(Array.from({ length: 12 }, () => config(token)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ text }) => text.includes("the key"))).toHaveLength(1);
  expect(rig.world.lines("refused")).toHaveLength(11);
});

test.each([
  { when: "there is no token", token: undefined, because: /has no one-time token/ },
  { when: "the token is made up", token: "0".repeat(64), because: /not the one-time token/ },
  { when: "the token is empty", token: " ", because: /has no one-time token/ },
  { when: "it is the operator's", token: asOperator.token, because: /not the one-time token/ },
])("no secret when $when", async ({ token, because }) => {
  await grant();
  expectRefusal(await config(token), because);
  expect(rig.world.order).not.toContain("rendered config");
});

test.each([STRANGER, W1_ADDRESS])("no secret to %s, whatever it knows", async (from) => {
  const token = await grant();
  expectRefusal(await config(token, from), from);
  expect(rig.world.order).not.toContain("rendered config");
  expect((await config(token)).status).toBe(200); // and the machine still gets it
});

test("no secret outside the grant's time", async () => {
  const token = await grant();
  rig.world.time = NOW + 3_600_000;
  expectRefusal(await config(token), /its grant ended/);
});

test("no secret without a grant, and none for a machine that was never listed", async () => {
  rig.world.put(CP1, { phase: "ready", grant: undefined as never });
  expectRefusal(await config("0".repeat(64)), /no open grant/);
  expect((await rig.ask(`/config/${NEW}`, { from: STRANGER, token: "x" })).status).toBe(403);
});

test("no secret when the release cannot be written down", async () => {
  const token = await grant();
  rig.world.denied.set("secrets-released", "the disk is full");
  expectRefusal(await config(token), /the disk is full/);
  expect(rig.world.order).not.toContain("rendered config");
});

test("HEAD releases nothing", async () => {
  const token = await grant();
  const { status, headers } = await rig.ask(`/config/${CP1}`, { method: "HEAD", ...own, token });
  expect([status, headers["allow"]]).toEqual([405, "GET"]);
  expect((await config(token)).status).toBe(200);
});

test("a bsroot that cannot make the configuration is named, and the operator told", async () => {
  const token = await grant();
  rig.world.configFails = true;
  const { status, text } = await config(token);
  expect(status).toBe(409); // an installer asks again after a 5xx
  expect(text).toContain("tls/machines/x.key is missing");
  expect(text).toContain("grant the machine again");
  expect(rig.world.lines("warning")).toHaveLength(1);
});

test.each([
  { method: "POST", path: `/grant/${CP1}` },
  { method: "GET", path: `/config/${CP1}` },
  { method: "GET", path: `/cloud-config/${CP1}.yaml` },
  { method: "POST", path: `/report/${CP1}` },
])("$method $path over plain HTTP is refused with the reason, and does nothing", async ({ method, path }) => {
  const token = await grant();
  const before = rig.world.applied.length;
  const body = method === "POST" && { body: "phase=installed" };
  const answer = await rig.ask(path, { method, plain: true, ...own, token, headers: form, ...body });
  expectRefusal(answer, /a secret would cross the network in clear/);
  expect(answer.text).toContain(`https://127.0.0.1:${rig.httpsPort}`);
  expect(rig.world.applied).toHaveLength(before);
});

test("the life of an installation, told with its two tokens", async () => {
  const token = await grant();
  expect(await report(token, "phase=installing&disk=%2Fdev%2Fvda+serial%3Dabc")).toMatchObject({
    status: 200,
    text: "noted: installing\n",
  });
  const { reportToken } = (await config(token)).json() as { reportToken: string };
  expect((await report(token, "phase=installed")).status).toBe(200);
  expect((await report(reportToken, "phase=configuring")).status).toBe(200);
  expect((await report(reportToken, "phase=ready")).status).toBe(200);
  expect(rig.world.applied.flatMap(({ event }) => (event.type === "reported" ? [event.report] : []))).toEqual([
    { phase: "installing", disk: "/dev/vda serial=abc" },
    { phase: "installed" },
    { phase: "configuring" },
    { phase: "ready" },
  ]);
  expect(rig.world.lines()).toContain("reported installing on /dev/vda serial=abc");
});

test("either token may say that it failed, and why is journaled", async () => {
  const token = await grant();
  const { reportToken } = (await config(token)).json() as { reportToken: string };
  for (const each of [token, reportToken]) expect((await report(each, "phase=failed&reason=no+disk")).status).toBe(200);
  expect(rig.world.lines().filter((line) => line === "reported failed: no disk")).toHaveLength(2);
});

test("neither token speaks for the other's stage", async () => {
  const token = await grant();
  const { reportToken } = (await config(token)).json() as { reportToken: string };
  expectRefusal(await report(token, "phase=ready"), /"ready" is not said with this token/);
  expectRefusal(await report(reportToken, "phase=installed"), /"installed" is not said with this token/);
});

test.each([STRANGER, W1_ADDRESS])("a report from %s is refused even with the token", async (from) => {
  const token = await grant();
  expectRefusal(await report(token, "phase=installed", from), from);
});

test.each([undefined, "0".repeat(64), "x"])("a report with the token %s is refused", async (token) => {
  await grant();
  const answer = await rig.ask(`/report/${CP1}`, {
    method: "POST",
    ...own,
    ...(token && { token }),
    body: "phase=installed",
    headers: form,
  });
  expectRefusal(answer, /token/);
});

test("what somebody without a token sends is not even read", async () => {
  await grant();
  const { status } = await rig.ask(`/report/${CP1}`, {
    method: "POST",
    ...own,
    body: "{",
    headers: { "Content-Type": "application/json" },
  });
  expect(status).toBe(403);
});

test.each([
  { body: "", because: '"phase" is missing' },
  { body: "phase=root", because: "no phase that is reported" },
  { body: "phase=installing", because: '"disk" is missing' },
  { body: `phase=installing&disk=${"d".repeat(257)}`, because: "longer than 256" },
  { body: "phase=installing&disk=a%0ab", because: "no disk's identity has" },
  { body: "phase=failed", because: '"reason" is missing' },
  { body: "phase=installed&phase=failed", because: "given twice" },
])("a report that makes no sense is explained: $body", async ({ body, because }) => {
  const { status, text } = await report(await grant(), body);
  expect(status).toBe(400);
  expect(text).toContain(because);
});

test("a report that does not fit the machine's phase is explained", async () => {
  const token = await grant();
  rig.world.denied.set("reported", "it is retired");
  const { status, text } = await report(token, "phase=installed");
  expect(status).toBe(409);
  expect(text).toContain("it is retired");
});

test("a body that is no form, or too long, is not read", async () => {
  const token = await grant();
  const send = (body: string, type: string): Promise<Answer> =>
    rig.ask(`/report/${CP1}`, { method: "POST", ...own, token, body, headers: { "Content-Type": type } });
  expect((await send('{"phase":"installed"}', "application/json")).status).toBe(415);
  expect((await send(`phase=failed&reason=${"x".repeat(17_000)}`, form["Content-Type"])).status).toBe(413);
  const chunked = { "Transfer-Encoding": "chunked", ...form };
  const long = { method: "POST", ...own, token, body: `phase=failed&reason=${"x".repeat(100_000)}`, headers: chunked };
  expect((await rig.ask(`/report/${CP1}`, long)).text).toContain("longer than 16384 bytes");
  expect((await report(token, "phase=installing&disk=a")).status).toBe(200);
});

test("curl, with our certificate and its own ideas of a form, goes the whole way", async () => {
  writeFileSync(join(rig.folder, "ca.pem"), rig.ca);
  const curl = (...args: string[]): Promise<string> =>
    execCurl(
      "--cacert",
      join(rig.folder, "ca.pem"),
      "--interface",
      CP1_ADDRESS,
      ...args.map((arg) => arg.replace("@", `https://127.0.0.1:${rig.httpsPort}`)),
    );
  const token = await curl("-X", "POST", `@/grant/${CP1}`);
  const auth = ["-H", `Authorization: Bearer ${token}`];
  expect(await curl(...auth, "-d", "phase=installing", "--data-urlencode", "disk=/dev/vda (20 GB)", `@/report/${CP1}`)).toBe(
    "noted: installing\n",
  );
  expect(await curl(...auth, `@/config/${CP1}`)).toContain("the key");
  expect(await curl(...auth, `@/config/${CP1}`)).toContain("released once");
});

/** Not the synchronous kind: the server lives in this process and must go on. */
async function execCurl(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("curl", ["--silent", "--show-error", "--max-time", "10", ...args]);
  return stdout;
}
