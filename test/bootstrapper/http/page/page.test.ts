/** The web page without a browser: what it says of machines, and that nothing from outside can become markup. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { PHASES } from "../../../../bootstrapper/machines/machine.ts";
import { asOperator, type Rig, startRig } from "../rig.ts";
import { CLUSTER, NOW } from "../small-world.ts";
import { type SmallDocument, smallDocument } from "./small-dom.ts";

const FOLDER = "bootstrapper/http/page";
const files = readdirSync(FOLDER);
const textOf = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

interface Row {
  readonly mac: string;
  readonly label: string;
  readonly tone: string;
  readonly since: string;
  readonly because: string;
  readonly steps: readonly { readonly label: string; readonly state: string }[];
  readonly transfer?: { readonly file: string; readonly text: string; readonly percent: number };
  readonly actions: readonly { readonly action: string; question(name: string): string; readonly consequence: string }[];
}
interface Line {
  readonly who: string;
  readonly text: string;
}
interface Page {
  machineRow(machine: object, now: number): Row;
  groups(rows: readonly Row[]): Record<"attention" | "machines" | "discovered", readonly Row[]>;
  summary(rows: readonly Row[]): { ready: string; of: string; parts: { text: string }[]; segments: string[]; tone: string };
  journalLine(entry: object, names: ReadonlyMap<string, string>): Line;
  shows(filter: { text: string; level: string }, line: Line): boolean;
  megabytes(bytes: number): string;
  duration(milliseconds: number): string;
  renderMachines(rows: readonly Row[], callbacks: object): void;
  renderJournal(lines: readonly Line[]): void;
  clusterPanel(cluster: object): Panel | undefined;
  renderCluster(panel: Panel | undefined): void;
}
interface Panel {
  readonly tone: string;
  readonly label: string;
  readonly nodes: string;
  readonly founding: string;
  readonly missing: readonly string[];
  readonly addOns: readonly { readonly name: string; readonly tone: string; readonly says: string }[];
}

let page: Page;
let document: SmallDocument;
let rig: Rig;
beforeAll(async () => {
  const load = (name: string): Promise<object> => import(pathToFileURL(resolve(FOLDER, name)).href) as Promise<object>;
  const parts = await Promise.all(["view.js", "machines.js", "journal.js", "cluster.js"].map(load));
  page = Object.assign({}, ...parts) as Page;
  rig = await startRig();
});
afterAll(() => rig.stop());
beforeEach(() => {
  document = smallDocument();
  vi.stubGlobal("document", document);
  return () => void vi.unstubAllGlobals();
});

const machine = (phase: string, more: object = {}): object => ({
  mac: `52:54:00:00:00:${phase.length.toString(16).padStart(2, "0")}`,
  name: phase,
  roles: ["worker"],
  phase,
  since: new Date(NOW - 95_000).toISOString(),
  because: "it is so",
  ...more,
});
const row = (phase: string, more: object = {}): Row => page.machineRow(machine(phase, more), NOW);

test.each(PHASES)("%s has its own words and offers only what asks back", (phase) => {
  const { label, tone, actions, since, because } = row(phase);
  expect(label).not.toBe(phase); // written for people
  expect(["idle", "working", "good", "bad", "off"]).toContain(tone);
  expect([since, because]).toEqual(["1 min", "It is so"]);
  for (const { action, question, consequence } of actions) {
    expect(["grant", "reinstall", "retire", "assign"]).toContain(action);
    expect(question("cp-1")).toContain("cp-1");
    expect(consequence.length).toBeGreaterThan(20);
  }
});

test("a phase of a later version is shown by its name and offers nothing", () => {
  expect(row("hibernating")).toMatchObject({ label: "hibernating", tone: "idle", actions: [] });
});

test("a machine's way is told step by step", () => {
  const states = (phase: string): string =>
    row(phase)
      .steps.map(({ state }) => state)
      .join(" ");
  expect(states("granted")).toBe("ahead ahead ahead ahead");
  expect(states("booting")).toBe("now ahead ahead ahead");
  expect(states("installing")).toBe("done now ahead ahead");
  expect(states("installed")).toBe("done done now ahead");
  expect(states("configuring")).toBe("done done done now");
  expect(states("ready")).toBe("done done done done");
});

test("a download is told in megabytes, also of an empty file", () => {
  expect(row("booting", { transfer: { file: "a/b/image.bin", sent: 41_000_000, size: 412_000_000 } }).transfer).toMatchObject({
    file: "image.bin",
    text: "41.0 of 412 MB",
    percent: 9,
  });
  expect(row("booting", { transfer: { file: "x", sent: 0, size: 0 } }).transfer).toMatchObject({ percent: 100 });
});

test("failed machines come first, strangers stand apart, retired ones last", () => {
  const rows = ["retired", "ready", "discovered", "failed", "booting"].map((phase) => row(phase));
  const { attention, machines, discovered } = page.groups(rows);
  expect(attention.map(({ label }) => label)).toEqual(["Failed"]);
  expect(machines.map(({ label }) => label)).toEqual(["Ready", "Booting", "Retired"]);
  expect(discovered.map(({ label }) => label)).toEqual(["Discovered"]);
});

test("the headline counts those that are meant to become nodes", () => {
  const some = page.summary(["retired", "ready", "ready", "discovered", "failed", "booting"].map((phase) => row(phase)));
  expect(some).toMatchObject({ ready: "2", of: "of 4 ready", segments: ["good", "good", "working", "bad"], tone: "plain" });
  expect(some.parts.map(({ text }) => text)).toEqual(["1 failed", "1 booting", "1 discovered"]);
  expect(page.summary([row("ready")])).toMatchObject({ of: "of 1 ready", tone: "good", parts: [{ text: "Every machine is up" }] });
  expect(page.summary([])).toMatchObject({ ready: "0", of: "of 0 ready" });
});

test.each([
  [0, "0 s"],
  [-5000, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3_600_000, "1 h"],
  [47 * 3_600_000, "47 h"],
  [72 * 3_600_000, "3 days"],
])("%i ms is %s", (milliseconds, words) => {
  expect(page.duration(milliseconds)).toBe(words);
});

test("the journal is filtered by words in any order, by name or MAC, and by level", () => {
  const names = new Map([["52:54:00:00:00:11", "cp-1"]]);
  const line = (level: string, text: string): Line =>
    page.journalLine({ at: new Date(NOW).toISOString(), from: "dhcp", level, mac: "52:54:00:00:00:11", text }, names);
  const shown = (text: string, level = ""): string[] =>
    [line("info", "offer 10.0.0.11"), line("warning", "slow"), line("refused", "no secret")]
      .filter((each) => page.shows({ text, level }, each))
      .map((each) => each.text);
  expect(shown("")).toHaveLength(3);
  expect(shown("CP-1 OFFER")).toEqual(["offer 10.0.0.11"]);
  expect(shown("00:11")).toHaveLength(3);
  expect(shown("", "warning")).toEqual(["slow", "no secret"]);
  expect(shown("", "refused")).toEqual(["no secret"]);
  expect(shown("nowhere")).toEqual([]);
});

test("a machine whose Node fell back needs attention, says why, and may do what a ready one may", () => {
  const since = new Date(NOW - 7_200_000).toISOString();
  const node = { ready: false, since, version: "1.36.4", because: "it is not Ready: PLEG is not healthy" };
  const fallen = row("ready", { node });
  expect(fallen).toMatchObject({
    label: "Not Ready",
    since: "2 h",
    tone: "bad",
    because: "It is not Ready: PLEG is not healthy",
    actions: row("ready").actions,
  });
  expect(page.groups([fallen]).attention).toEqual([fallen]);
  expect(page.summary([fallen, row("ready")])).toMatchObject({ ready: "1", of: "of 2 ready" });
  expect(row("ready", { node: { ...node, ready: true, because: "it is cordoned" } })).toMatchObject({
    label: "Ready",
    because: "It is cordoned",
  });
  expect(row("configuring", { node: { ...node, because: "" } })).toMatchObject({ label: "Configuring", because: "It is so" });
});

test.each([
  { what: "nobody has founded", change: { founding: { is: "open" }, servers: [], missing: [] }, tone: "idle", label: "Not founded yet" },
  {
    what: "that cannot be founded",
    change: { founding: { is: "open" }, servers: [], missing: ["no admin.crt"] },
    tone: "bad",
    label: "Cannot begin",
  },
  {
    what: "being founded",
    change: { founding: { is: "begun", by: "cp-1" }, servers: [], missing: [] },
    tone: "working",
    label: "Being founded",
  },
  { what: "nobody answers for", change: { servers: [] }, tone: "bad", label: "API does not answer" },
  { what: "lacking something", change: {}, tone: "bad", label: "Something is missing" },
  { what: "coming up", change: { missing: [] }, tone: "working", label: "Coming up" },
  { what: "complete", change: { missing: [], nodes: { ready: 2, expected: 2 } }, tone: "good", label: "Running" },
])("a cluster $what is $label", ({ change, tone, label }) => {
  expect(page.clusterPanel({ ...CLUSTER, ...change })).toMatchObject({ tone, label });
});

test("the panel says how many nodes there are, who founded, what is missing and which add-ons run", () => {
  const missing = Array.from({ length: 9 }, (_, index) => `node w-${index}: it is not Ready`);
  const addOns = [
    { name: "flannel", is: "well", because: "" },
    { name: "traefik", is: "later", because: "" },
  ];
  const panel = page.clusterPanel({ ...CLUSTER, missing, addOns })!;
  expect(panel).toMatchObject({ nodes: "1 of 2 nodes Ready", founding: "Founded by cp-1" });
  expect([panel.missing.length, panel.missing[0], panel.missing.at(-1)]).toEqual([
    7,
    "Node w-0: it is not Ready",
    "And 3 more; the journal has them all",
  ]);
  expect(panel.addOns).toMatchObject([
    { name: "flannel", tone: "good", says: "runs" },
    { tone: "idle", says: "later" },
  ]);
  expect(page.clusterPanel({ ...CLUSTER, version: undefined })).toBeUndefined();
});

const HOSTILE = '<img src=x onerror=alert(1)>"><script>alert(2)</script>&lt;';

test("hostile names, roles, reasons and files are shown as the text they are", () => {
  const transfer = { file: `a/${HOSTILE.replaceAll("/", "")}`, sent: 1, size: 2 };
  const hostile = machine("installing", { name: HOSTILE, roles: [HOSTILE], because: HOSTILE, hint: HOSTILE, address: HOSTILE, transfer });
  page.renderMachines([page.machineRow(hostile, NOW)], {});
  const item = document.getElementById("machines-list").children[0]!;
  for (const part of ["name", "roles", "because", "hint", "address"]) expect(item.find(part).textContent).toBe(HOSTILE);
  expect(item.find("file").textContent).toBe(HOSTILE.replaceAll("/", ""));

  page.renderJournal([
    page.journalLine(
      { at: new Date(NOW).toISOString(), from: HOSTILE, level: "refused", mac: HOSTILE, text: HOSTILE },
      new Map([[HOSTILE, HOSTILE]]),
    ),
  ]);
  const line = document.getElementById("journal").children[0]!;
  expect(line.find("words").textContent).toBe(`refused ${HOSTILE} ${HOSTILE}`);
  const addOns = [{ name: HOSTILE, is: HOSTILE, because: HOSTILE }];
  page.renderCluster(page.clusterPanel({ ...CLUSTER, missing: [HOSTILE], addOns, founding: { is: "done", by: HOSTILE } }));
  expect(document.getElementById("kubernetes-missing").textContent).toBe(HOSTILE);
  expect(document.getElementById("kubernetes-addons").textContent).toBe(`${HOSTILE} ${HOSTILE}`);
  expect([...document.made].sort()).toEqual(["b", "button", "div", "li", "ol", "p", "progress", "span", "time"]);
});

test("whatever the API says, the page shows it without failing", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const transfer = fc.record({ file: text, sent: fc.nat(), size: fc.nat() });
  const any = fc.record({
    name: text,
    roles: fc.array(text, { maxLength: 3 }),
    because: text,
    hint: fc.option(text, { nil: undefined }),
    transfer: fc.option(transfer, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...PHASES), any), { maxLength: 8 }), (machines) => {
      const rows = machines.map(([phase, more], index) => page.machineRow({ ...machine(phase, more), mac: `${index}` }, NOW));
      page.renderMachines(rows, {});
      const shown = ["attention", "machines", "discovered"].flatMap((id) => document.getElementById(`${id}-list`).children);
      expect(shown).toHaveLength(rows.length);
      expect(page.summary(rows).segments.length).toBeLessThanOrEqual(rows.length);
    }),
  );
});

test("a row is kept while its machine is, moves with its phase, and goes with it", () => {
  const list = (id: string) => document.getElementById(`${id}-list`).children;
  page.renderMachines([row("booting", { mac: "a" }), row("ready", { mac: "b" })], {});
  const kept = list("machines")[0]!;
  page.renderMachines([row("failed", { mac: "a" }), row("ready", { mac: "b" })], {});
  expect(list("attention")).toEqual([kept]);
  expect(list("machines")).toHaveLength(1);
  page.renderMachines([row("ready", { mac: "b" })], {});
  expect([list("attention"), list("machines").length]).toEqual([[], 1]);
});

test.each(files.filter((name) => name.endsWith(".js")))("%s never reads text as markup or code", (name) => {
  expect(textOf(name)).not.toMatch(
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|setAttribute\("(on|href|src|style)|javascript:/i,
  );
});

test("the markup has no inline script, style or handler, and asks nobody else for anything", () => {
  const html = textOf("index.html");
  expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i);
  for (const name of files)
    expect(textOf(name).replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\/|url\((?!data:)|@import/);
});

test("every file the page names is served over TLS, and again only when it changed", async () => {
  const html = await rig.ask("/");
  expect([html.status, html.headers["content-type"], html.headers["cache-control"]]).toEqual([200, "text/html; charset=utf-8", "no-cache"]);
  const imported = files.flatMap((name) => [...textOf(name).matchAll(/from "\.\/([\w.-]+)"/g)].map((match) => `/page/${match[1]}`));
  const named = [...html.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]!);
  expect(named.length).toBeGreaterThan(3);
  for (const path of new Set([...named, ...imported])) {
    const { status, headers, text } = await rig.ask(path);
    expect([path, status, headers["content-type"]]).toEqual([
      path,
      200,
      `text/${path.endsWith("css") ? "css" : "javascript"}; charset=utf-8`,
    ]);
    expect(text).toBe(textOf(path.replace("/page/", "")));
    expect((await rig.ask(path, { headers: { "If-None-Match": headers["etag"]! } })).status).toBe(304);
  }
});

test("the page is no secret and says nothing of the cluster; the plain port sends it to TLS", async () => {
  expect((await rig.ask("/")).text).not.toContain("demo");
  expect((await rig.ask("/", asOperator)).status).toBe(200);
  expect((await rig.ask("/", { plain: true })).headers["location"]).toBe(`https://127.0.0.1:${rig.httpsPort}/`);
  expect((await rig.ask("/page/view.js", { plain: true })).status).toBe(307);
});

test("only the page's own kinds of files are served", async () => {
  for (const path of ["/page/", "/page/index.html", "/page/../page.ts", "/page/page.ts"])
    expect([400, 404]).toContain((await rig.ask(path)).status);
});
