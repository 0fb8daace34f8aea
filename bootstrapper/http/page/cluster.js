/** The Kubernetes cluster that the machines become: one panel, hidden where the description asks for none. */
import { at, element, say } from "./dom.js";

const ADD_ONS = {
  well: { tone: "good", says: "runs" },
  starts: { tone: "working", says: "starts" },
  waits: { tone: "idle", says: "waits" },
  refused: { tone: "bad", says: "refused" },
  left: { tone: "idle", says: "left behind" },
};
/** Sentences of what is missing that are shown; the journal has all of them. */
const SHOWN = 6;

/** The API's word on the cluster as the panel shows it; undefined when there is no Kubernetes. Pure. */
export function clusterPanel(cluster) {
  if (cluster.version === undefined) return undefined;
  const { founding, nodes, missing, addOns, servers } = cluster;
  const { tone, label } = standing(cluster);
  const more = missing.length - SHOWN;
  return {
    tone,
    label,
    title: `Kubernetes ${cluster.version}`,
    endpoint: cluster.endpoint,
    founding: foundingWords(founding),
    nodes: `${nodes.ready} of ${nodes.expected} ${nodes.expected === 1 ? "node" : "nodes"} Ready`,
    servers: servers.map(({ name, address, is, because }) => `${name} ${address}: ${is === "ready" ? is : because}`).join("\n"),
    missing: [...missing.slice(0, SHOWN).map(capital), ...(more > 0 ? [`And ${more} more; the journal has them all`] : [])],
    addOns: addOns.map(({ name, is, because }) => ({ name, because, ...(ADD_ONS[is] ?? { tone: "idle", says: is }) })),
  };
}

function standing({ founding, nodes, missing, servers }) {
  if (founding.is === "open")
    return missing.length > 0 ? { tone: "bad", label: "Cannot begin" } : { tone: "idle", label: "Not founded yet" };
  if (founding.is === "begun") return { tone: "working", label: "Being founded" };
  if (!servers.some(({ is }) => is === "ready")) return { tone: "bad", label: "API does not answer" };
  if (missing.length > 0) return { tone: "bad", label: "Something is missing" };
  return nodes.ready < nodes.expected ? { tone: "working", label: "Coming up" } : { tone: "good", label: "Running" };
}

function foundingWords({ is, by }) {
  if (is === "done") return `Founded by ${by}`;
  return is === "begun" ? `${by} founds it` : "The first control plane that asks founds it";
}

/** A path keeps its letters. */
const capital = (text) => text.replace(/^[a-z](?=[a-z]*[ :])/, (letter) => letter.toUpperCase());

let shown = "";

/** `panel`: of clusterPanel. */
export function renderCluster(panel) {
  at("kubernetes").hidden = panel === undefined;
  const now = JSON.stringify(panel);
  if (!panel || now === shown) return;
  shown = now;
  at("kubernetes-panel").dataset.tone = panel.tone;
  say(at("kubernetes-name"), panel.title);
  say(at("kubernetes-badge"), panel.label);
  for (const part of ["endpoint", "founding", "nodes"]) say(at(`kubernetes-${part}`), panel[part]);
  at("kubernetes-endpoint").title = panel.servers;
  at("kubernetes-missing").replaceChildren(...panel.missing.map((text) => element("li", "", text)));
  at("kubernetes-addons").replaceChildren(...panel.addOns.map(chip));
}

function chip({ name, tone, says, because }) {
  const made = element("li", "chip");
  made.dataset.tone = tone;
  made.title = because;
  made.append(element("span", "chip-name", name), " ", element("span", "chip-says", says));
  return made;
}
