/** The journal: newest first, filtered as the operator types. */
import { at, element } from "./dom.js";
import { shows } from "./view.js";

let lines = [];
let shown = "";

export function renderJournal(newLines = lines) {
  lines = newLines;
  const filter = { text: at("filter-text").value.trim(), level: at("filter-level").value };
  const wanted = lines.filter((line) => shows(filter, line));
  const now = JSON.stringify([filter, wanted]);
  if (now === shown) return;
  shown = now;
  at("journal").replaceChildren(...(wanted.length > 0 ? wanted.map(item) : [element("li", "quiet", "No line says that.")]));
}

export function filterFor(text) {
  at("filter-text").value = text;
  at("filter-level").value = "";
  renderJournal();
  at("journal-title").scrollIntoView({ block: "nearest" });
}

function item({ time, at: when, level, from, who, text }) {
  const made = element("li", "line");
  made.dataset.level = level;
  const clock = element("time", "", time);
  clock.dateTime = when;
  const words = element("span", "words");
  if (level !== "info") words.append(element("span", "level", level), " ");
  if (who) words.append(element("b", "", who), " ");
  words.append(text);
  made.append(clock, element("span", "from", from), words);
  return made;
}
