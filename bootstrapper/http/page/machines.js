/** The lists of machines: one row each, kept and changed in place. */
import { actionButtons } from "./actions.js";
import { at, button, element, say } from "./dom.js";
import { groups } from "./view.js";

/** By MAC: the parts of its row that change. */
const rendered = new Map();

/** `chosen` is called with the MAC of a machine whose name was clicked, `changed` after an action. */
export function renderMachines(rows, { chosen, changed }) {
  const { attention, machines, discovered } = groups(rows);
  const render = (id, some) => {
    some.forEach((row, index) => {
      place(at(`${id}-list`), row, index, { chosen, changed });
    });
    at(id).hidden = some.length === 0;
  };
  render("attention", attention);
  render("machines", machines);
  render("discovered", discovered);
  at("nothing").hidden = rows.length > 0;
  const known = new Set(rows.map(({ mac }) => mac));
  for (const [mac, { item }] of rendered) {
    if (known.has(mac)) continue;
    item.remove();
    rendered.delete(mac);
  }
}

function place(list, row, index, callbacks) {
  if (!rendered.has(row.mac)) rendered.set(row.mac, newRow(row.mac, callbacks.chosen));
  const parts = rendered.get(row.mac);
  if (list.children[index] !== parts.item) list.insertBefore(parts.item, list.children[index] ?? null);
  fill(parts, row, callbacks.changed);
}

function newRow(mac, chosen) {
  const name = button("name", "", () => chosen(mac));
  name.title = "Show its journal";
  const parts = {
    item: element("li", "machine"),
    name,
    roles: element("span", "roles"),
    address: element("span", "address"),
    badge: element("span", "badge"),
    since: element("span", "since"),
    track: element("ol", "track"),
    because: element("p", "because"),
    hint: element("p", "hint"),
    transfer: element("div", "transfer"),
    file: element("span", "file"),
    amount: element("span", "amount"),
    meter: element("progress"),
    actions: element("div", "actions"),
  };
  const title = nested("p", "title", name, parts.roles);
  const where = nested("p", "where", parts.address, element("span", "mac", mac));
  parts.transfer.append(parts.file, parts.amount, parts.meter);
  parts.item.append(
    nested("div", "who", title, where),
    nested("div", "stage", parts.badge, parts.since, parts.track),
    nested("div", "why", parts.because, parts.hint, parts.transfer),
    parts.actions,
  );
  return parts;
}

function nested(tag, className, ...children) {
  const made = element(tag, className);
  made.append(...children);
  return made;
}

function fill(parts, row, changed) {
  parts.item.dataset.tone = row.tone;
  for (const part of ["name", "address", "because", "hint"]) say(parts[part], row[part]);
  say(parts.badge, row.label);
  say(parts.since, `for ${row.since}`);
  say(parts.roles, row.roles.join(" · "));
  parts.hint.hidden = row.hint === "";

  if (parts.track.children.length === 0) parts.track.append(...row.steps.map(({ label }) => element("li", "", label)));
  parts.track.setAttribute("aria-label", row.progress);
  row.steps.forEach(({ state }, index) => {
    parts.track.children[index].dataset.state = state;
  });
  fillTransfer(parts, row.transfer);

  const offered = row.actions.map(({ action }) => action).join();
  if (parts.actions.dataset.offered === offered) return;
  parts.actions.dataset.offered = offered;
  parts.actions.replaceChildren(...actionButtons(row, changed));
}

function fillTransfer({ transfer, file, amount, meter }, now) {
  transfer.hidden = now === undefined;
  if (!now) return;
  say(file, now.file);
  file.title = now.path;
  say(amount, now.text);
  meter.max = Math.max(1, now.size);
  meter.value = now.sent;
  meter.setAttribute("aria-label", `Download of ${now.file}`);
}
