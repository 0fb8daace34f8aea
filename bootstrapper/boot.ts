/** What machines are given to read, made of the description, the templates and what we know of each machine. */
import type { Mac } from "../cluster/address.ts";
import type { Cluster, Machine } from "../cluster/cluster.ts";
import type { BootContext, Endpoints, InstallFacts } from "../cluster/extension.ts";
import { layout, type Manifest } from "../cluster/layout.ts";
import type { Content, ResolvedFile } from "../cluster/plan.ts";
import { becomes, machineByMac } from "../cluster/queries.ts";
import { setupKubectl } from "../templates/kubernetes/setup-kubectl/setup-kubectl.ts";
import { bootScripts, nodePlan, osTarget } from "../templates/registry.ts";
import type { Machines, Texts } from "./http/world.ts";

export interface BootSettings {
  readonly cluster: Cluster;
  readonly files: Manifest["files"];
  readonly server: Endpoints;
  readonly machines: Pick<Machines, "nextBoot" | "find">;
  /** The bytes of a file below tls/ of the bsroot. */
  readSecret(path: string): Promise<Uint8Array>;
}

export function makeTexts({ cluster, files, server, machines, readSecret }: BootSettings): Texts {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const contextOf = (machine: Machine): BootContext => ({ cluster, machine, os: machine.os, server });
  const context = (mac: Mac): BootContext => {
    const machine = becomes(cluster, mac);
    if (!machine) throw new Error(`${mac} is not in cluster-desc.yml, so nothing is installed on it`);
    return contextOf(machine);
  };
  const entry = (path: string): Manifest["files"][number] => {
    const found = byPath.get(path);
    if (!found) throw new Error(`${path} is not in manifest.json`);
    return found;
  };

  function facts(mac: Mac): InstallFacts {
    const state = machines.find(mac);
    return {
      sha256: (path) => entry(path).sha256,
      size: (path) => entry(path).size,
      ours: state?.disks ?? [],
      mayWipe: state?.grant?.mayWipe ?? state?.phase === "reinstall",
    };
  }

  /** Secrets belong to machines of the description; for all others a plan that asks for one is a mistake of ours, and stops here. */
  async function resolved(mac: Mac, content: Content, reportToken: string): Promise<ResolvedFile["content"]> {
    if ("text" in content) return { bytes: new TextEncoder().encode(content.text) };
    if ("path" in content)
      return { url: `${server.http}/static/${content.path}`, sha256: entry(`${layout.static}/${content.path}`).sha256 };
    if (!machineByMac(cluster, mac)) throw new Error(`the plan of ${mac} asks for a secret, and it is not in cluster-desc.yml`);
    if ("grant" in content.secret) return { bytes: new TextEncoder().encode(`${reportToken}\n`) };
    return { bytes: await readSecret(content.secret.tls) };
  }

  return {
    bootScript: (mac) => {
      const next = machines.nextBoot(mac);
      const machine = becomes(cluster, mac);
      switch (next.do) {
        case "install":
          return bootScripts.install(context(mac));
        case "local":
          return bootScripts.local(machine?.name ?? mac);
        case "discover":
          return bootScripts.discover(mac, machine?.name);
        case "nothing":
          return bootScripts.nothing(next.because);
      }
    },
    stageOne: (mac) => {
      const machine = becomes(cluster, mac);
      return machine && osTarget(machine.os).stageOne?.(contextOf(machine));
    },
    installScript: (mac) => osTarget(context(mac).os).installScript(context(mac), facts(mac)),
    wayIn: () => bootScripts.wayIn(server),
    setupKubectl: () => setupKubectl(cluster, server, (path) => byPath.get(path)?.sha256),
    config: async (mac, reportToken) => {
      const plan = nodePlan(context(mac));
      const made = plan.files.map(async ({ content, ...file }) => ({ ...file, content: await resolved(mac, content, reportToken) }));
      return osTarget(plan.machine.os).config({ ...plan, files: await Promise.all(made) });
    },
  };
}
