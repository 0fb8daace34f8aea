/** What the operator is offered in each phase, and what each offer asks back before it is carried out. */

const GRANT = {
  action: "grant",
  label: "Grant",
  question: (name) => `Grant ${name} an installation?`,
  consequence: "It installs on its next boot from the network. A disk that is not blank is left alone unless Sextant was writing it.",
};
const REINSTALL = {
  action: "reinstall",
  label: "Re-install",
  danger: true,
  question: (name) => `Re-install ${name}?`,
  consequence: "Its next boot from the network overwrites its disk, whatever is on it.",
};
const RETIRE = {
  action: "retire",
  label: "Retire",
  danger: true,
  question: (name) => `Retire ${name}?`,
  consequence: "It boots nothing from this bootstrapper any more. Its disk is not touched.",
};
const ASSIGN = {
  action: "assign",
  label: "Take back",
  question: (name) => `Take ${name} back into the cluster?`,
  consequence: "It installs on its next boot from the network, if its disk may be written.",
};

/** By phase. */
export const OFFERS = {
  discovered: [],
  assigned: [RETIRE],
  granted: [RETIRE],
  reinstall: [RETIRE],
  booting: [GRANT, RETIRE],
  installing: [GRANT, RETIRE],
  installed: [REINSTALL, RETIRE],
  configuring: [REINSTALL, RETIRE],
  ready: [REINSTALL, RETIRE],
  failed: [GRANT, REINSTALL, RETIRE],
  retired: [ASSIGN],
};
