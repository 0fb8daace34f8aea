/** Everything that one machine is given to read or must find, from its first packet to Ready, as the bootstrapper would render it. */
import type { Machine } from "../../cluster/cluster.ts";
import type { BootContext, InstallFacts } from "../../cluster/extension.ts";
import { layout } from "../../cluster/layout.ts";
import type { NodePlan } from "../../cluster/plan.ts";
import { bootScripts, nodePlan, osTarget } from "../../templates/registry.ts";

export interface Text {
  /** How the operator would name it: "the boot script". */
  readonly what: string;
  readonly text: string;
}

export interface Needs {
  readonly texts: readonly Text[];
  /** Secrets, as paths in the bsroot. */
  readonly secrets: readonly string[];
  /** Boot loaders for the firmware that it may have, by name. */
  readonly loaders: readonly string[];
  /** Files that its disk is written with or its plan names, below html/static. */
  readonly files: readonly { readonly what: string; readonly path: string }[];
}

export function needsOf(machine: Machine, context: BootContext, facts: InstallFacts): Needs {
  const target = osTarget(machine.os);
  const plan = nodePlan(context);
  const live = target.live(context);
  const stageOne = target.stageOne?.(context);
  return {
    texts: [
      { what: "its boot script", text: bootScripts.install(context) },
      ...(stageOne === undefined ? [] : [{ what: "the live system's configuration", text: stageOne }]),
      { what: "its install script", text: target.installScript(context, facts) },
      { what: "the script of /install.sh", text: bootScripts.wayIn(context.server) },
      ...textsOf(plan),
    ],
    secrets: plan.files.flatMap(({ content }) => ("secret" in content && "tls" in content.secret ? [content.secret.tls] : [])),
    loaders: loadersOf(machine),
    files: [
      { what: "its kernel", path: live.kernel },
      ...live.initrds.map((path) => ({ what: "its initrd", path })),
      ...plan.files.flatMap(({ path, content }) => ("path" in content ? [{ what: path, path: content.path }] : [])),
    ],
  };
}

/** What its firmware may ask for first; only the operator knows which it has. */
function loadersOf({ architecture, secureBoot }: Machine): readonly string[] {
  const { loaders } = layout;
  if (secureBoot) return [loaders[`secure-boot-${architecture}`], loaders[`secure-boot-${architecture}-http`]];
  return architecture === "amd64" ? [loaders.bios, loaders["uefi-amd64"], loaders["uefi-amd64-http"]] : [loaders["uefi-arm64"]];
}

function textsOf({ files, units }: NodePlan): readonly Text[] {
  return [
    ...files.flatMap(({ path, content }) => ("text" in content ? [{ what: path, text: content.text }] : [])),
    ...units.flatMap(({ name, contents, dropins = [] }) => [
      ...(contents === undefined ? [] : [{ what: name, text: contents }]),
      ...dropins.map((dropin) => ({ what: `${name}.d/${dropin.name}`, text: dropin.contents })),
    ]),
  ];
}
