/** What one machine will be served, as text. Secrets stay where they are: a placeholder stands in their place. */
import type { Mac } from "../cluster/address.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { BootContext, InstallFacts } from "../cluster/extension.ts";
import { type Lock, layout } from "../cluster/layout.ts";
import type { Content, NodePlan, ResolvedFile, ResolvedPlan, Secret } from "../cluster/plan.ts";
import { becomes } from "../cluster/queries.ts";
import { bootScripts, nodePlan, osTarget } from "../templates/registry.ts";
import { renderDhcp } from "./render-dhcp.ts";

export const VIEWS = ["config", "install", "boot", "plan", "dhcp"] as const;
export type View = (typeof VIEWS)[number];

export class RenderError extends Error {}

/** `cluster` has no "current" any more. `ca`: the appliance's certificate, PEM. Throws RenderError. */
export function renderFor(mac: Mac, view: View, cluster: Cluster, lock: Lock, ca: string): string {
  const { bootstrapper: address } = cluster.network;
  const server = { address, http: `http://${address}`, https: `https://${address}`, ca };
  const machine = becomes(cluster, mac);
  if (!machine) {
    if (view === "boot") return bootScripts.discover(mac);
    throw new RenderError(`${mac} is not in the description: it is served only a boot script (--what boot) that leaves it alone`);
  }
  const context: BootContext = { cluster, machine, os: machine.os, server };
  switch (view) {
    case "boot":
      return bootScripts.install(context);
    case "install":
      return osTarget(machine.os).installScript(context, factsFrom(lock));
    case "plan":
      return `${JSON.stringify(readable(nodePlan(context)), null, 2)}\n`;
    case "dhcp":
      return renderDhcp(cluster, machine);
    case "config":
      return osTarget(machine.os).config(withPlaceholders(nodePlan(context), server.http, factsFrom(lock))).body;
  }
}

function factsFrom({ artifacts }: Lock): InstallFacts {
  const entry = (path: string) => {
    const found = Object.hasOwn(artifacts, path) ? artifacts[path] : undefined;
    if (!found) throw new RenderError(`sextant.lock does not know ${path} yet; run bsroot-builder build first`);
    return found;
  };
  return { sha256: (path) => entry(path).sha256, size: (path) => entry(path).size, ours: [], mayWipe: false };
}

const withPlaceholders = (plan: NodePlan, http: string, facts: InstallFacts): ResolvedPlan => ({
  ...plan,
  files: plan.files.map(({ content, ...file }) => ({ ...file, content: resolved(content, http, facts) })),
});

function resolved(content: Content, http: string, { sha256 }: InstallFacts): ResolvedFile["content"] {
  if ("text" in content) return { bytes: new TextEncoder().encode(content.text) };
  if ("secret" in content) return { bytes: new TextEncoder().encode(placeholder(content.secret)) };
  return { url: `${http}/static/${content.path}`, sha256: sha256(`${layout.static}/${content.path}`) };
}

const placeholder = (secret: Secret): string =>
  "tls" in secret ? `(${secret.tls}, released once, inside an open grant)\n` : "(a report token, made for this grant)\n";

/** The plan without the whole cluster in it, and modes as people write them. */
function readable({ machine, users, files, units, readyWhen }: NodePlan): object {
  const spelled = files.map(({ path, mode, content }) => ({ path, mode: `0${mode.toString(8)}`, content }));
  return { machine, users, files: spelled, units, readyWhen };
}
