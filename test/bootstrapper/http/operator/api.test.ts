/** The API as an operator's tools see it: who gets in, what it says, and that its document says the same. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { API, openApi } from "../../../../bootstrapper/http/operator/openapi.ts";
import { OPERATIONS } from "../../../../bootstrapper/http/operator/operations.ts";
import { type Answer, asOperator, type Rig, startRig } from "../rig.ts";
import { API_TOKEN, CP1, granted, NEW, NOW, W1 } from "../small-world.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const get = (path: string): Promise<Answer> => rig.ask(`${API}${path}`, asOperator);
const post = (path: string): Promise<Answer> => rig.ask(`${API}${path}`, { method: "POST", ...asOperator });

test.each([undefined, "", "wrong", `${API_TOKEN}x`, API_TOKEN.toUpperCase()])("the token %j opens nothing", async (token) => {
  for (const path of ["/api/v1/machines", "/api/v1/openapi.json", "/api/v1/nothing", "/api/v2"]) {
    const { status, headers, ...answer } = await rig.ask(path, token === undefined ? {} : { token });
    expect(status).toBe(401);
    expect(headers["www-authenticate"]).toMatch(/^Bearer/);
    expect(answer.json()).toEqual({ error: expect.any(String), hint: expect.stringContaining("bsroot/tls/api-token") });
  }
  expect((await rig.ask(`${API}/machines/${CP1}/retire`, { method: "POST", ...(token && { token }) })).status).toBe(401);
  expect(rig.world.applied).toEqual([]);
});

test("a token in the address is no token", async () => {
  expect((await rig.ask(`${API}/machines?access_token=${API_TOKEN}&token=${API_TOKEN}`)).status).toBe(401);
});

test("a wrong token is journaled, a missing one is not", async () => {
  await rig.ask(`${API}/machines`, { token: "wrong" });
  await rig.ask(`${API}/machines`);
  expect(rig.world.lines("refused")).toHaveLength(1);
  expect(rig.world.lines("refused")[0]).not.toContain("wrong-");
});

test("over plain HTTP pages are sent to TLS, and a token that was shown there is called out", async () => {
  const sent = await rig.ask(`${API}/machines?x=1`, { plain: true, headers: { Host: "boot.lan:80" } });
  expect([sent.status, sent.headers["location"]]).toEqual([307, `https://boot.lan:${rig.httpsPort}/api/v1/machines?x=1`]);
  const leaked = await rig.ask(`${API}/machines`, { plain: true, ...asOperator });
  expect(leaked.status).toBe(403);
  expect((leaked.json() as { hint: string }).hint).toContain("make a new one");
  expect((await rig.ask(`${API}/machines/${CP1}/retire`, { plain: true, method: "POST" })).status).toBe(403);
});

test("a machine is told whole, but for the hashes of its tokens", async () => {
  rig.world.put(CP1, {
    ...granted({ tokenHash: "a".repeat(64), releasedAt: NOW }),
    reportTokenHash: "b".repeat(64),
    disks: ["/dev/vda"],
    transfer: { file: "image", sent: 1, size: 2 },
  });
  const { text, ...answer } = await get("/machines/52-54-00-00-00-11");
  expect(text).not.toMatch(/aaaa|bbbb/);
  expect(answer.json()).toEqual({
    mac: CP1,
    name: "cp-1",
    address: "127.0.0.11",
    roles: ["control-plane"],
    phase: "booting",
    since: "2026-11-01T11:59:59.000Z",
    because: "in the description",
    lastSeen: "2026-11-01T11:59:59.500Z",
    nextBoot: { do: "install", because: "it is booting" },
    disks: ["/dev/vda"],
    grant: {
      openedAt: "2026-11-01T12:00:00.000Z",
      expiresAt: "2026-11-01T13:00:00.000Z",
      attempt: 1,
      tokenGiven: true,
      releasedAt: "2026-11-01T12:00:00.000Z",
      mayWipe: false,
    },
    transfer: { file: "image", sent: 1, size: 2 },
  });
});

test.each([
  ["/machines/52:54:00:00:00:ff", 404],
  ["/machines/nonsense", 400],
  ["/nothing", 404],
])("GET %s is %i, in JSON with a hint", async (path, status) => {
  const answer = await get(path);
  expect(answer.status).toBe(status);
  expect(answer.json()).toEqual({ error: expect.any(String), hint: expect.any(String) });
});

test.each(["grant", "reinstall", "retire", "assign"])("POST %s is done once, journaled, and answers with the machine", async (action) => {
  const answer = await post(`/machines/${W1}/${action}`);
  expect(answer.status).toBe(200);
  expect(answer.json()).toMatchObject({ mac: W1, name: "w-1" });
  expect(rig.world.applied).toEqual([{ mac: W1, event: { type: action } }]);
  expect(rig.world.entries).toMatchObject([{ mac: W1, level: "info", text: `${action}: the operator asked from 127.0.0.1` }]);
});

test("what a machine's phase does not allow is explained", async () => {
  const answer = await post(`/machines/${NEW}/grant`);
  expect(answer.status).toBe(409);
  expect(answer.json()).toMatchObject({ error: expect.stringContaining("it is not in the description"), hint: expect.any(String) });
});

test("actions are not reached by GET", async () => {
  const { status, headers } = await get(`/machines/${W1}/retire`);
  expect([status, headers["allow"]]).toEqual([405, "POST"]);
  expect(rig.world.applied).toEqual([]);
});

test("the journal is told newest last, counted and filtered", async () => {
  for (let i = 0; i < 150; i += 1)
    rig.world.journal({ from: "dhcp", level: i % 2 ? "info" : "refused", text: `${i}`, mac: i % 3 ? CP1 : W1 });
  const texts = async (query: string): Promise<string[]> =>
    ((await get(`/journal${query}`)).json() as { entries: { text: string }[] }).entries.map(({ text }) => text);
  expect(await texts("")).toHaveLength(100);
  expect(await texts("?count=2")).toEqual(["148", "149"]);
  expect(await texts("?count=2&level=refused")).toEqual(["146", "148"]);
  expect(await texts("?count=2&mac=5254.0000.0021")).toEqual(["144", "147"]);
  expect(await texts(`?count=2&mac=${W1}&level=info`)).toEqual(["141", "147"]);
});

test.each(["count=0", "count=1001", "count=x", "count=1&count=2", "level=debug", "mac=x"])(
  "the query %s is refused with its reason",
  async (query) => {
    const answer = await get(`/journal?${query}`);
    expect(answer.status).toBe(400);
    expect((answer.json() as { error: string }).error).toContain(query.startsWith("mac") ? "not a MAC" : query.split("=")[0]);
  },
);

test("status counts those that are meant to become nodes", async () => {
  rig.world.put(W1, { phase: "ready" });
  expect((await get("/status")).json()).toEqual({
    cluster: "demo",
    now: "2026-11-01T12:00:00.000Z",
    ok: true,
    parts: { dhcp: "serving", time: "synchronised" },
    machines: 2,
    ready: 1,
    phases: { assigned: 1, ready: 1, discovered: 1 },
  });
});

test("a Node that fell back is no ready machine, and its machine says why", async () => {
  rig.world.put(W1, { phase: "ready" });
  rig.world.put(CP1, { phase: "ready" });
  rig.world.nodes.set(CP1, { mac: CP1, name: "cp-1", ready: true, version: "1.36.4", because: "" });
  rig.world.nodes.set(W1, {
    mac: W1,
    name: "w-1",
    ready: false,
    since: NOW,
    version: "1.36.4",
    because: "it is not Ready: PLEG is not healthy",
  });
  expect((await get("/status")).json()).toMatchObject({ ready: 1, phases: { ready: 2 } });
  const node = { ready: false, since: "2026-11-01T12:00:00.000Z", version: "1.36.4", because: "it is not Ready: PLEG is not healthy" };
  expect((await get(`/machines/${W1}`)).json()).toMatchObject({ phase: "ready", node });
});

test("the cluster is told as it is", async () => {
  expect((await get("/cluster")).json()).toEqual({
    version: "1.36.4",
    endpoint: "api.demo.lan:6443",
    founding: { is: "done", by: "cp-1", at: "2026-11-01T12:00:00.000Z" },
    servers: [{ name: "cp-1", address: "10.0.0.11", is: "ready", because: "it is ready" }],
    nodes: { ready: 1, expected: 2 },
    missing: ["node w-1: it is not Ready: PLEG is not healthy"],
    addOns: [{ name: "flannel", is: "well", because: "all of it runs" }],
  });
});

test("a cluster that still answers is not given up", async () => {
  rig.world.heardAnswer = { ok: false, because: "the API of cp-1 still answers; switch its machine off first" };
  const answer = await post("/cluster/forget");
  expect([answer.status, (answer.json() as { error: string }).error]).toEqual([
    409,
    expect.stringContaining("the API of cp-1 still answers"),
  ]);
  rig.world.heardAnswer = { ok: true, lines: {} };
  expect((await post("/cluster/forget")).status).toBe(200);
  expect(rig.world.lines("warning")).toEqual(["the operator gave the cluster up from 127.0.0.1"]);
});

/** What some cannot be asked without. */
const WITH: Readonly<Record<string, string>> = {
  planOperation: "/cluster/plan?do=remove&machine=w-1",
  applyOperation: "/cluster/apply?do=remove&machine=w-1&plan=0123",
};

test.each(OPERATIONS.map((operation) => [operation.id, operation] as const))("%s answers what its schema says", async (_, operation) => {
  rig.world.put(CP1, { ...granted(), transfer: { file: "f", sent: 0, size: 1 } });
  rig.world.journal({ from: "time", level: "info", text: "a line" });
  const answer = await rig.ask(API + (WITH[operation.id] ?? operation.path).replace("{mac}", CP1), {
    method: operation.method.toUpperCase(),
    ...asOperator,
  });
  expect(answer.status).toBe(200);
  const told: unknown = operation.type ? answer.text : answer.json();
  expect(answer.headers["content-type"]).toContain(operation.type ?? "application/json");
  expect(operation.answer.parse(told)).toEqual(told); // nothing more, nothing less
});

test("the document describes every operation and nothing else", async () => {
  const document = (await get("/openapi.json")).json() as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; responses: Record<string, object> }>>;
    components: { schemas: Record<string, object> };
  };
  expect(document).toEqual(JSON.parse(JSON.stringify(openApi("demo"))));
  expect(document.openapi).toBe("3.1.0");
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${operationId} ${method} ${path}`),
  );
  expect(described.sort()).toEqual(OPERATIONS.map(({ id, method, path }) => `${id} ${method} ${path}`).sort());
  const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]!);
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(references)]));
});
