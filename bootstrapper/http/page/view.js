/** What the page says about machines and journal lines, as plain values: no DOM, no clock, no network. */
import { OFFERS } from "./offers.js";

/** How far along each phase is, and how it feels: `step` counts the steps of STEPS that are behind it. */
const PHASES = {
  discovered: { tone: "idle", label: "Discovered", step: 0 },
  assigned: { tone: "idle", label: "Assigned", step: 0 },
  granted: { tone: "idle", label: "Granted", step: 0 },
  reinstall: { tone: "idle", label: "To re-install", step: 0 },
  booting: { tone: "working", label: "Booting", step: 0, running: true },
  installing: { tone: "working", label: "Installing", step: 1, running: true },
  installed: { tone: "working", label: "Installed", step: 2, running: true },
  configuring: { tone: "working", label: "Configuring", step: 3, running: true },
  ready: { tone: "good", label: "Ready", step: 4 },
  failed: { tone: "bad", label: "Failed", step: 0 },
  retired: { tone: "off", label: "Retired", step: 0 },
};
export const STEPS = ["Boot", "Install", "Restart", "Configure"];

/** A machine that was ready and whose Node fell back: no phase of its own, for nothing is being done to it. */
const FELL_BACK = { tone: "bad", label: "Not Ready", step: 4 };

const FELL_BACK_HINT = "Look at its kubelet: journalctl -u kubelet on the machine says more.";

/** One machine of the API as a row. `now`: milliseconds since 1970, by the server's clock. */
export function machineRow(machine, now) {
  const { node } = machine;
  const fellBack = machine.phase === "ready" && node !== undefined && !node.ready;
  const phase = fellBack ? FELL_BACK : (PHASES[machine.phase] ?? { tone: "idle", label: machine.phase, step: 0 });
  return {
    mac: machine.mac,
    name: machine.name,
    address: machine.address ?? "no address",
    roles: machine.roles,
    tone: phase.tone,
    label: phase.label,
    steps: STEPS.map((label, index) => ({ label, state: stateOf(index, phase) })),
    progress: phase.tone === "good" ? "all steps done" : `${phase.step} of ${STEPS.length} steps done`,
    since: duration(now - Date.parse(fellBack ? (node.since ?? machine.since) : machine.since)),
    because: (node?.because || machine.because).replace(/^[a-z]/, (letter) => letter.toUpperCase()),
    hint: fellBack ? FELL_BACK_HINT : (machine.hint ?? ""),
    transfer: transferOf(machine.transfer),
    actions: OFFERS[machine.phase] ?? [],
  };
}

function stateOf(index, phase) {
  if (index < phase.step) return "done";
  return index === phase.step && phase.running ? "now" : "ahead";
}

function transferOf(transfer) {
  if (!transfer) return undefined;
  const { file, sent, size } = transfer;
  const name = file.split("/").at(-1);
  return {
    file: name,
    path: file,
    sent,
    size,
    percent: size > 0 ? Math.floor((sent / size) * 100) : 100,
    text: `${megabytes(sent)} of ${megabytes(size)} MB`,
  };
}

/** Which list a machine stands in: failed ones on top, strangers apart, retired ones last. */
export function groups(rows) {
  const of = (...tones) => rows.filter((row) => tones.includes(row.tone));
  const strangers = rows.filter((row) => row.label === PHASES.discovered.label);
  const rest = rows.filter((row) => !strangers.includes(row) && row.tone !== "bad" && row.tone !== "off");
  return { attention: of("bad"), machines: [...rest, ...of("off")], discovered: strangers };
}

/** The order of the bar under the headline: what is done first, what is in trouble last. */
const TONES = ["good", "working", "idle", "bad"];

/** The page's headline. Strangers and retired machines do not count: nobody waits for them. */
export function summary(rows) {
  const { attention, machines, discovered } = groups(rows);
  const counted = [...attention, ...machines].filter((row) => row.tone !== "off");
  const ready = counted.filter((row) => row.tone === "good").length;
  const done = counted.length > 0 && ready === counted.length;
  const counts = new Map();
  for (const row of [...counted, ...discovered]) {
    if (row.tone !== "good") counts.set(row.label, { tone: row.tone, count: (counts.get(row.label)?.count ?? 0) + 1 });
  }
  const parts = [...counts].map(([label, { tone, count }]) => ({ text: `${count} ${label.toLowerCase()}`, tone }));
  return {
    ready: `${ready}`,
    of: `of ${counted.length} ready`,
    parts: parts.length > 0 ? parts : [{ text: done ? "Every machine is up" : "Waiting for the first machine", tone: "idle" }],
    segments: TONES.flatMap((tone) => counted.filter((row) => row.tone === tone).map(() => tone)),
    tone: done ? "good" : "plain",
  };
}

/** One journal entry of the API as a line. `names`: machine names by MAC. */
export function journalLine(entry, names) {
  const at = new Date(entry.at);
  const two = (number) => String(number).padStart(2, "0");
  return {
    time: `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
    at: entry.at,
    level: entry.level,
    from: entry.from,
    who: entry.mac ? (names.get(entry.mac) ?? entry.mac) : "",
    text: entry.text,
    searched: [entry.from, entry.mac, names.get(entry.mac), entry.text].join(" ").toLowerCase(),
  };
}

/** `level`: "" everything, "warning" what the operator should look at, "refused" refusals only. */
export function shows({ text, level }, line) {
  const loud = level === "" || line.level === "refused" || (level === "warning" && line.level === "warning");
  return (
    loud &&
    text
      .toLowerCase()
      .split(" ")
      .every((word) => line.searched.includes(word))
  );
}

/** 12345678 -> "12.3"; a machine's download in the unit its operator thinks in. */
export function megabytes(bytes) {
  const value = bytes / 1e6;
  return value < 100 ? value.toFixed(1) : String(Math.round(value));
}

/** 95000 -> "1 min"; how long something has been so. */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
