/** What the operator may do to a machine: asked back first, then told how it went. */
import { call } from "./api.js";
import { at, button, say } from "./dom.js";

const TOLD_MS = 8000;
let forget;

/** Buttons for what `row` offers; `done` is called after each action that was carried out. */
export function actionButtons(row, done) {
  return row.actions.map((offer) => {
    const made = button(offer.danger ? "ghost danger" : "ghost", offer.label, () => ask(row, offer, done));
    made.setAttribute("aria-label", `${offer.label} ${row.name}`);
    return made;
  });
}

function ask(row, { action, label, danger, question, consequence }, done) {
  const dialog = at("confirm");
  const yes = at("confirm-yes");
  say(at("confirm-question"), question(row.name));
  say(at("confirm-consequence"), consequence);
  say(yes, label);
  yes.className = danger ? "primary danger" : "primary";
  dialog.returnValue = "no";
  dialog.onclose = () => {
    if (dialog.returnValue === "yes") act(row, action, label, done);
  };
  dialog.showModal();
}

async function act(row, action, label, done) {
  try {
    const machine = await call(`/api/v1/machines/${row.mac}/${action}`, { method: "POST" });
    tell(`${label} ${row.name}: ${machine.because}.`, "good");
  } catch (problem) {
    tell(problem.status ? `${problem.message}. ${problem.hint}.` : "The bootstrapper does not answer.", "bad");
  }
  done();
}

function tell(text, tone) {
  const outcome = at("outcome");
  outcome.dataset.tone = tone;
  say(outcome, text);
  clearTimeout(forget);
  forget = setTimeout(() => say(outcome, ""), TOLD_MS);
}
