/** The live view: signs in, asks the API once a second, and hands each answer to the part of the page it belongs to. */
import { call, resume, signIn, signOut } from "./api.js";
import { clusterPanel, renderCluster } from "./cluster.js";
import { at, element, say } from "./dom.js";
import { filterFor, renderJournal } from "./journal.js";
import { renderMachines } from "./machines.js";
import { journalLine, machineRow, summary } from "./view.js";

const POLL_MS = 1000;
const JOURNAL_LINES = 300;
let next;
let lostSince = 0;

async function start() {
  try {
    show((await resume()) ? "live" : "sign-in");
  } catch (problem) {
    lost(problem, start);
  }
}

function show(view) {
  clearTimeout(next);
  at("sign-in").hidden = view !== "sign-in";
  at("live").hidden = view !== "live";
  if (view === "live") refresh();
  else at("token").focus();
}

async function refresh() {
  clearTimeout(next);
  if (document.hidden) return; // goes on when somebody looks
  const began = performance.now();
  try {
    const [status, cluster, { machines }, { entries }] = await Promise.all([
      call("/api/v1/status"),
      call("/api/v1/cluster"),
      call("/api/v1/machines"),
      call(`/api/v1/journal?count=${JOURNAL_LINES}`),
    ]);
    lostSince = 0;
    at("lost").hidden = true;
    renderCluster(clusterPanel(cluster));
    render(status, machines, entries);
    next = setTimeout(refresh, Math.max(POLL_MS, 5 * (performance.now() - began)));
  } catch (problem) {
    if (problem.status === 401) show("sign-in");
    else lost(problem, refresh);
  }
}

function lost(problem, again) {
  lostSince ||= Date.now();
  const why = problem.status ? problem.message : "it does not answer";
  const since = new Date(lostSince).toLocaleTimeString();
  say(at("lost"), `The bootstrapper cannot be asked since ${since}: ${why}. What is shown is what it said last.`);
  at("lost").hidden = false;
  next = setTimeout(again, 2 * POLL_MS);
}

function render(status, machines, entries) {
  const rows = machines.map((machine) => machineRow(machine, Date.parse(status.now)));
  const names = new Map(machines.map(({ mac, name }) => [mac, name]));
  renderHeader(status);
  renderSummary(summary(rows), status.cluster);
  renderMachines(rows, { chosen: filterFor, changed: refresh });
  renderJournal(entries.map((entry) => journalLine(entry, names)).reverse());
}

function renderHeader({ cluster, ok, parts }) {
  say(at("cluster"), cluster);
  const health = at("health");
  const down = Object.entries(parts).map(([part, state]) => `${part}: ${state}`);
  health.dataset.tone = ok ? "good" : "bad";
  say(health, ok ? "All services run" : "A service is down");
  health.title = down.join("\n");
}

function renderSummary({ ready, of, parts, segments, tone }, cluster) {
  say(at("ready"), ready);
  say(at("of"), of);
  at("count").dataset.tone = tone;
  document.title = `${ready} ${of} · ${cluster}`;
  if (at("detail").textContent !== parts.map(({ text }) => text).join("")) {
    at("detail").replaceChildren(...parts.map((part) => toned("span", part.tone, part.text)));
  }
  at("segments").replaceChildren(...segments.map((segment) => toned("span", segment)));
}

function toned(tag, tone, text = "") {
  const made = element(tag, "", text);
  made.dataset.tone = tone;
  return made;
}

at("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = at("token");
  try {
    await signIn(field.value.trim());
    field.value = "";
    say(at("sign-in-problem"), "");
    show("live");
  } catch (problem) {
    say(at("sign-in-problem"), problem.status === 401 ? "That is not the token." : "The bootstrapper does not answer.");
    field.select();
  }
});
at("sign-out").addEventListener("click", async () => {
  await signOut();
  show("sign-in");
});
at("filter").addEventListener("submit", (event) => event.preventDefault());
at("filter").addEventListener("input", () => renderJournal());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !at("live").hidden) refresh();
});
start();
