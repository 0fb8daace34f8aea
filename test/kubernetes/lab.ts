/** A rack that becomes a real Kubernetes cluster, and the words its test is told in. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { parse } from "../../cluster/parse.ts";
import { accelerator } from "../../vm-cluster/accelerator.ts";
import type { Machine } from "../../vm-cluster/api.ts";
import { image } from "../../vm-cluster/image.ts";
import { type KubernetesParts, kubernetesFrom } from "../../vm-cluster/kubernetes.ts";
import { hardwareOf, Rack } from "../../vm-cluster/rack.ts";
import { RackState } from "../../vm-cluster/rack-state.ts";
import { labKey } from "../../vm-cluster/ssh.ts";
import { reaches } from "../support/rack.ts";
import { until } from "../support/until.ts";

/** A folder with one release, or nothing: then a current one is fetched from the internet. */
const FOLDER = process.env["KUBERNETES"] ?? "../shared/kubernetes";
const CURRENT: KubernetesParts = { described: { version: "1.36.2", offered: ["1.37.1"], components: {} }, mirrors: [] };

/** Not a measure: two cores translate every instruction of three machines. */
const PATIENCE = { seconds: 1500, every: 3 };

const NAME = "k8s";
const DOMAIN = "k8s.lan";
/** A registry that wants a password, of which the nodes hear by an add-on; nobody asks it. */
const COMPANY = "registry.corp.lan:5000";

/** Controllers that lose a lease to a busy processor end, and starting again keeps it busy. */
const UNHURRIED = { "leader-elect-lease-duration": "180s", "leader-elect-renew-deadline": "150s", "leader-elect-retry-period": "10s" };

/** API servers of 1.20 spend a third of their time on counting, each millisecond, who waits in which of their queues. */
const WITHOUT_QUEUES = { "enable-priority-and-fairness": "false" };

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
      imagePullSecrets: [{ name: "company", registry: COMPANY, namespaces: ["default"] }],
      ignoredChecks: ["NumCPU", "Mem", "CreateJob"], // which has 15 s for a pod to run and end
      flags: { apiServer: WITHOUT_QUEUES, controllerManager: UNHURRIED, scheduler: UNHURRIED },
      reserved: { system: { cpu: "10m", memory: "20Mi" }, kube: { cpu: "10m", memory: "20Mi" } },
    },
  });

export class KubernetesLab {
  readonly rack: Rack;
  /** The release that the cluster is not founded with, and that its bsroot offers: "1.37.1". */
  readonly later: string;
  readonly #state: RackState;

  private constructor(rack: Rack, later: string, state: RackState) {
    this.rack = rack;
    this.later = later;
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
    logIn(join(state.folder, "login"));
    await rack.buildBsroot(false);
    await rack.wire();
    await rack.bootstrapper.start();
    await rack.bootstrapper.openDoor();
    return new KubernetesLab(rack, parts.described.offered[0], state);
  }

  async close(): Promise<void> {
    await this.#state.clear();
  }

  powerOn(name: string): void {
    this.rack.machine(name).powerOn();
  }

  /** Waits until it is ready; a machine that failed will not get there, and its last words are thrown. */
  ready(name: string): Promise<Machine> {
    return reaches(this.rack, name, ({ phase }) => phase === "ready", PATIENCE);
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

  /** Asks again until it is so. */
  async until(what: string, look: () => Promise<boolean>): Promise<void> {
    await until(what, async () => (await look()) || undefined, PATIENCE);
  }

  /** The description with other words below `kubernetes`, where undefined takes one out, and the bsroot as it is then. */
  async describe(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const file = join(this.#state.folder, "cluster-desc.yml");
    const { kubernetes, ...rest } = load(readFileSync(file, "utf8")) as { readonly kubernetes: object };
    writeFileSync(file, dump({ ...rest, kubernetes: { ...kubernetes, ...changes } }, { lineWidth: -1, skipInvalid: true }));
    await this.rack.buildBsroot(false);
  }
}

/** What `docker login` leaves behind for the builder. */
function logIn(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const auth = Buffer.from("robot:only for the lab").toString("base64");
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [COMPANY]: { auth } } }));
  process.env["DOCKER_CONFIG"] = folder;
}
