/** A rack that becomes a real Kubernetes cluster, and the words its test is told in. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "../../cluster/parse.ts";
import { accelerator } from "../../vm-cluster/accelerator.ts";
import type { Machine } from "../../vm-cluster/api.ts";
import { image } from "../../vm-cluster/image.ts";
import { type KubernetesParts, kubernetesFrom } from "../../vm-cluster/kubernetes.ts";
import { hardwareOf, Rack } from "../../vm-cluster/rack.ts";
import { RackState } from "../../vm-cluster/rack-state.ts";
import { labKey } from "../../vm-cluster/ssh.ts";

/** A folder with one release, or nothing: then a current one is fetched from the internet. */
const FOLDER = process.env["KUBERNETES"] ?? "../shared/kubernetes";
const CURRENT: KubernetesParts = { described: { version: "1.36.2", components: {} }, mirrors: [] };

/** Seconds. Not a measure: two cores translate every instruction of three machines. */
const PATIENCE = 1500;

const NAME = "k8s";
const DOMAIN = "k8s.lan";

/** JSON is YAML. Three control planes, of which the third stays off: a cluster lives without it. */
const description = (described: KubernetesParts["described"]): string =>
  JSON.stringify({
    cluster: NAME,
    domain: DOMAIN,
    network: { subnet: "10.77.0.0/24", bootstrapper: "10.77.0.1", range: "10.77.0.100-10.77.0.199" },
    os: { target: "flatcar" },
    disk: { minSize: "2G" },
    machines: [
      { mac: "52:54:00:77:02:01", name: "cp-1", address: "10.77.0.11", roles: ["control-plane"] },
      { mac: "52:54:00:77:02:02", name: "cp-2", address: "10.77.0.12", roles: ["control-plane"] },
      { mac: "52:54:00:77:02:04", name: "cp-3", address: "10.77.0.14", roles: ["control-plane"] },
      { mac: "52:54:00:77:02:03", name: "worker-1", address: "10.77.0.13", labels: { "topology.kubernetes.io/zone": "a" } },
    ],
    kubernetes: {
      ...described,
      podNetwork: "bridge",
      clusterDns: "none",
      ignoredChecks: ["NumCPU", "Mem"],
      reserved: { system: { cpu: "10m", memory: "20Mi" }, kube: { cpu: "10m", memory: "20Mi" } },
    },
  });

export class KubernetesLab {
  readonly rack: Rack;
  readonly #state: RackState;

  private constructor(rack: Rack, state: RackState) {
    this.rack = rack;
    this.#state = state;
  }

  /** Wired, served, and all machines off. Needs `make build` to have made dist/. */
  static async open(say: (text: string) => void): Promise<KubernetesLab> {
    const state = new RackState("kubernetes");
    await state.clear();
    const parts = existsSync(FOLDER) ? await kubernetesFrom(FOLDER, say) : CURRENT;
    const parsed = parse(description(parts.described), "the lab's description");
    if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join("\n"));
    const made = await image(say);
    const hardware = hardwareOf(parsed.cluster).map((machine) => {
      const small = machine.name.startsWith("worker");
      return { ...machine, memory: small ? 768 : 2048, processors: small ? 1 : 2 };
    });
    const equipment = { image: made, key: await labKey(), accelerator: await accelerator(made), state, mirrors: parts.mirrors };
    const rack = new Rack(parsed.cluster, hardware, equipment);
    await rack.buildBsroot(false);
    await rack.wire();
    await rack.bootstrapper.start();
    await rack.bootstrapper.openDoor();
    return new KubernetesLab(rack, state);
  }

  async close(): Promise<void> {
    await this.#state.clear();
  }

  powerOn(name: string): void {
    this.rack.machine(name).powerOn();
  }

  async seen(name: string): Promise<Machine> {
    return this.rack.api.machine(this.rack.machine(name).hardware.mac);
  }

  /** Waits for a phase; a machine that failed will not get there, and its last words are thrown. */
  async phase(name: string, wanted: string): Promise<Machine> {
    for (const deadline = Date.now() + PATIENCE * 1000; Date.now() < deadline; await sleep(2000)) {
      const seen = await this.seen(name);
      if (seen.phase === wanted) return seen;
      if (seen.phase === "failed") throw new Error(`${name} failed: ${seen.because}\n${this.lastWords(name)}`);
    }
    throw new Error(`${name} is not ${wanted} within ${PATIENCE} s\n${this.lastWords(name)}`);
  }

  lastWords(name: string): string {
    return this.rack.machine(name).lastWords(60).join("\n");
  }

  /** Runs kubectl on a control plane as its administrator. */
  async kubectl(command: string, name = "cp-1"): Promise<string> {
    return (await this.rack.onNode(name, `sudo KUBECONFIG=/etc/kubernetes/admin.conf /opt/bin/kubectl ${command}`)).trim();
  }

  /** What an operator does on a laptop with the CA and the token of the bsroot. Resolves with what the script said. */
  setupKubectl(): Promise<string> {
    const { caFile, tokenFile } = this.rack.bootstrapper;
    const folder = join(this.#state.folder, "laptop");
    const script = `curl --fail --silent --show-error --cacert "$1" "https://$2/setup-kubectl" |
      SEXTANT_TOKEN_FILE="$3" SEXTANT_BIN="$4/bin" SEXTANT_KUBECONFIG="$4/kubeconfig" sh`;
    return this.rack.inside("sh", "-c", script, "sh", caFile, this.rack.cluster.network.bootstrapper, tokenFile, folder);
  }

  /** Asks again until the answer fits. */
  async until(what: string, look: () => Promise<boolean>, seconds = PATIENCE): Promise<void> {
    let trouble = "";
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(3000)) {
      try {
        if (await look()) return;
      } catch (error) {
        trouble = `; last: ${(error as Error).message}`;
      }
    }
    throw new Error(`${what}: not within ${seconds} s${trouble}`);
  }
}
