/** Browsers: a cookie for a token, bounded and forgettable, and no change by a foreign page. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Sessions } from "../../../../bootstrapper/http/operator/sessions.ts";
import { type Answer, asOperator, type Rig, startRig } from "../rig.ts";
import { API_TOKEN, W1 } from "../small-world.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

interface SignedIn {
  readonly Cookie: string;
  readonly csrf: string;
}

async function signIn(): Promise<SignedIn> {
  const answer = await rig.ask("/session", { method: "POST", ...asOperator });
  expect(answer.status).toBe(200);
  return { Cookie: answer.headers["set-cookie"]!.split(";")[0]!, ...(answer.json() as { csrf: string }) };
}
const grant = (headers: Record<string, string>): Promise<Answer> => rig.ask(`/api/v1/machines/${W1}/grant`, { method: "POST", headers });
const read = (Cookie: string): Promise<Answer> => rig.ask("/api/v1/machines", { headers: { Cookie } });

test("the cookie is for this host alone, unseen by scripts, and not the token", async () => {
  const { headers } = await rig.ask("/session", { method: "POST", ...asOperator });
  expect(headers["set-cookie"]).toMatch(/^__Host-sextant=[0-9a-f]{64}; path=\/; samesite=strict; secure; httponly$/i);
  expect(headers["set-cookie"]).not.toContain(API_TOKEN);
});

test.each([undefined, "wrong"])("the token %s signs nobody in", async (token) => {
  const { status, headers } = await rig.ask("/session", { method: "POST", ...(token && { token }) });
  expect([status, headers["set-cookie"]]).toEqual([401, undefined]);
});

test("a signed-in browser reads, learns its word again, and previews boot scripts", async () => {
  const { Cookie, csrf } = await signIn();
  expect((await read(Cookie)).status).toBe(200);
  expect((await rig.ask("/session", { headers: { Cookie } })).json()).toEqual({ csrf });
  expect((await rig.ask(`/boot/${W1}.ipxe`, { headers: { Cookie } })).text).toContain("install");
  expect(rig.world.applied).toEqual([]);
});

test("a browser that is not signed in is told so without an error", async () => {
  expect((await rig.ask("/session")).status).toBe(204);
  expect((await rig.ask("/session", { headers: { Cookie: `__Host-sextant=${"0".repeat(64)}` } })).status).toBe(204);
});

test("it changes something only with the word of its own session", async () => {
  const mine = await signIn();
  const other = await signIn();
  expect((await grant({ Cookie: mine.Cookie })).status).toBe(403);
  expect((await grant({ Cookie: mine.Cookie, "X-Sextant-Csrf": "guess" })).status).toBe(403);
  expect((await grant({ Cookie: mine.Cookie, "X-Sextant-Csrf": other.csrf })).status).toBe(403);
  expect(rig.world.applied).toEqual([]);
  expect((await grant({ Cookie: mine.Cookie, "X-Sextant-Csrf": mine.csrf })).status).toBe(200);
});

test("a cookie that was made up, and the word as a cookie, open nothing", async () => {
  const { csrf } = await signIn();
  for (const value of [csrf, "0".repeat(64), "", API_TOKEN]) expect((await read(`__Host-sextant=${value}`)).status).toBe(401);
});

test("after signing out the cookie is worth nothing", async () => {
  const { Cookie, csrf } = await signIn();
  expect((await rig.ask("/session", { method: "DELETE", headers: { Cookie } })).status).toBe(403);
  const out = await rig.ask("/session", { method: "DELETE", headers: { Cookie, "X-Sextant-Csrf": csrf } });
  expect(out.status).toBe(204);
  expect(out.headers["set-cookie"]).toMatch(/^__Host-sextant=; .*expires=Thu, 01 Jan 1970/);
  expect((await read(Cookie)).status).toBe(401);
});

test("a wrong bearer token is not saved by a good cookie", async () => {
  const { Cookie } = await signIn();
  expect((await rig.ask("/api/v1/machines", { token: "wrong", headers: { Cookie } })).status).toBe(401);
});

test("sessions end after twelve idle hours, and use keeps them", () => {
  let now = 0;
  let count = 0;
  const sessions = new Sessions(
    () => now,
    () => `${++count}`,
  );
  const { cookie } = sessions.open();
  const hour = 3_600_000;
  for (now = 0; now < 100 * hour; now += 11 * hour) expect(sessions.find(cookie)).toBeDefined();
  now += 12 * hour;
  expect(sessions.find(cookie)).toBeUndefined();
});

test("the thirty-third session ends the one not used for longest", () => {
  let count = 0;
  const sessions = new Sessions(
    () => 0,
    () => `${++count}`,
  );
  const cookies = Array.from({ length: 32 }, () => sessions.open().cookie);
  sessions.find(cookies[0]);
  sessions.open();
  expect(sessions.find(cookies[0])).toBeDefined();
  expect(sessions.find(cookies[1])).toBeUndefined();
  expect(sessions.find(cookies[2])).toBeDefined();
});
