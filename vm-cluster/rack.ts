/** The whole rack: network, bootstrapper with its bsroot, machines, and the ways in from outside. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { dump } from "js-yaml";
import type { Cluster } from "../cluster/cluster.ts";
import { layout } from "../cluster/layout.ts";
import { Api } from "./api.ts";
import { run } from "./command.ts";
import type { Image } from "./image.ts";
import { VirtualMachine } from "./machine.ts";
import { isAlive, kill, type ProcessId } from "./processes.ts";
import { type Accelerator, disksFor, type Firmware, type Hardware } from "./qemu.ts";
import type { RackState } from "./rack-state.ts";
import { rehearse } from "./rehearsal.ts";
import { type Key, sshConfig } from "./ssh.ts";

/** MiB. The installer system unpacks itself into memory beside the image's stream; a node with containerd needs less. */
const MEMORY = 512;

/** BIOS and UEFI take turns, beginning with BIOS. */
export const hardwareOf = (cluster: Cluster): readonly Hardware[] =>
  cluster.machines.map(({ mac, name, disk }, index) => {
    const firmware: Firmware = index % 2 === 0 ? "bios" : "uefi";
    return { mac, name, firmware, memory: MEMORY, disks: disksFor(disk, mac) };
  });

export class Rack {
  readonly cluster: Cluster;
  readonly differences: readonly string[];
  readonly machines: readonly VirtualMachine[];
  readonly #state: RackState;
  readonly #key: Key;
  #bootstrapper: ProcessId | undefined;
  #api: Api | undefined;

  /** Makes folder and files; nothing runs yet. `more`: machines that the description does not list. */
  constructor(cluster: Cluster, image: Image, key: Key, accelerator: Accelerator, state: RackState, more: readonly Hardware[] = []) {
    this.cluster = cluster;
    this.#state = state;
    this.#key = key;
    mkdirSync(state.folder, { recursive: true });
    mkdirSync(state.sockets, { recursive: true, mode: 0o700 });
    const mirrors = ["github.com"].map((host) => ({ from: `https://${host}`, to: pathToFileURL(join(image.mirror, host)).href }));
    const { description, differences } = rehearse(cluster, { os: image.os, sshKey: key.public, mirrors });
    this.differences = differences;
    writeFileSync(this.description, dump(description, { lineWidth: -1 }));
    this.machines = [...hardwareOf(cluster), ...more].map((hardware, port) => new VirtualMachine(hardware, port, accelerator, state));
  }

  get description(): string {
    return join(this.#state.folder, "cluster-desc.yml");
  }
  get bsroot(): string {
    return join(this.#state.folder, "bsroot");
  }
  get bootstrapperLog(): string {
    return join(this.#state.folder, "bootstrapper.log");
  }
  get tokenFile(): string {
    return join(this.bsroot, layout.tls.apiToken);
  }
  get caFile(): string {
    return join(this.bsroot, layout.tls.ca);
  }

  machine(name: string): VirtualMachine {
    const found = this.machines.find((machine) => machine.name === name);
    if (!found) throw new Error(`the rack has no machine ${name}`);
    return found;
  }

  /** The real builder, on the rehearsed description. */
  async buildBsroot(show: boolean): Promise<void> {
    const command = ["dist/bsroot-builder/main.js", "build", this.description, "--out", this.bsroot];
    await run(process.execPath, command, { show });
  }

  /** Namespace, switch ports, the router's word that there is no IPv6, and the machines' serial recorder. */
  async wire(): Promise<void> {
    const { network, folder } = this.#state;
    await network.create(this.cluster.network.bootstrapper, this.cluster.network.subnet.prefix);
    for (const { port } of this.machines) await network.addPort(port);
    const advertise = join(folder, "radvd.conf");
    writeFileSync(
      advertise,
      `interface ${network.card} { AdvSendAdvert on; AdvDefaultLifetime 0; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; };\n`,
    );
    const radvd = ["radvd", "--nodaemon", "--logmethod=stderr", "--config", advertise, "--pidfile", join(folder, "radvd.pid")] as const;
    this.#state.start("radvd", network.inside([...radvd]), join(folder, "radvd.log"));
    const recorded = this.machines.flatMap(({ serialLog, serialSocket }) => [serialLog, serialSocket]);
    const recorder = [process.execPath, "--import", "tsx", join(import.meta.dirname, "recorder.ts"), ...recorded] as const;
    this.#state.start("recorder", [...recorder], join(folder, "recorder.log"));
  }

  /** Starts the bootstrapper and waits until it is healthy. Throws with its log when it is not within 20 s. */
  async startBootstrapper(): Promise<void> {
    const { network, folder } = this.#state;
    const serve = ["serve", "--bsroot", this.bsroot, "--state", join(folder, "state")];
    const command = network.inside([process.execPath, "dist/bootstrapper/main.js", ...serve]);
    this.#bootstrapper = this.#state.start("bootstrapper", command, this.bootstrapperLog);
    const deadline = Date.now() + 20_000;
    while (!(await this.#isHealthy())) {
      const gone = !isAlive(this.#bootstrapper);
      if (gone || Date.now() > deadline) {
        throw new Error(
          `the bootstrapper ${gone ? "ended" : "is not healthy after 20 s"}; ${this.bootstrapperLog} ends with:\n${this.#bootstrapperWords()}`,
        );
      }
      await sleep(200);
    }
  }

  /** kill -9: it has no time to save anything. */
  async killBootstrapper(): Promise<void> {
    if (this.#bootstrapper) await kill([this.#bootstrapper]);
  }

  isBootstrapperUp(): boolean {
    return this.#bootstrapper !== undefined && isAlive(this.#bootstrapper);
  }

  /** A unix socket on this side that leads to the bootstrapper's HTTPS port. */
  openDoor(): void {
    const { network, folder } = this.#state;
    const socat = ["socat", `UNIX-LISTEN:${this.#door},fork,mode=600`, `TCP:${this.cluster.network.bootstrapper}:443`] as const;
    this.#state.start("door", network.inside([...socat]), join(folder, "door.log"));
  }

  /** The door as a port of 127.0.0.1, for browsers. */
  openPort(port: number): void {
    const socat = ["socat", `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`, `UNIX-CONNECT:${this.#door}`] as const;
    this.#state.start("port", [...socat], join(this.#state.folder, "door.log"));
  }

  get #door(): string {
    return join(this.#state.sockets, "https");
  }

  /** Needs buildBsroot and openDoor. */
  get api(): Api {
    this.#api ??= new Api({
      socket: this.#door,
      ca: readFileSync(this.caFile, "utf8"),
      token: readFileSync(this.tokenFile, "utf8").trim(),
    });
    return this.#api;
  }

  /** Writes what `ssh -F FILE NAME` needs to reach the machines where the bootstrapper knows them to be. */
  async writeSshConfig(): Promise<string> {
    const file = join(this.#state.folder, "ssh_config");
    const hosts = (await this.api.machines()).flatMap(({ name, address }) => (address ? [[name, address] as const] : []));
    writeFileSync(file, sshConfig(this.#key, this.#state.network.name, Object.fromEntries(hosts)));
    return file;
  }

  /** Runs a shell command on a node as its administrator. Resolves with its output. */
  async onNode(name: string, script: string): Promise<string> {
    return run("ssh", ["-F", await this.writeSshConfig(), name, script], { timeout: 120_000 });
  }

  /** Runs a program on the bootstrapper's side of the wire. Resolves with its output. */
  inside(...command: readonly [string, ...string[]]): Promise<string> {
    const [program, ...args] = this.#state.network.inside([...command]);
    return run(program, args, { timeout: 60_000 });
  }

  get network() {
    return this.#state.network;
  }

  async #isHealthy(): Promise<boolean> {
    const health = `http://${this.cluster.network.bootstrapper}/healthz`;
    return this.inside("curl", "-fsS", "--max-time", "2", "-o", "/dev/null", health).then(
      () => true,
      () => false,
    );
  }

  #bootstrapperWords(): string {
    return readFileSync(this.bootstrapperLog, "utf8").trimEnd().split("\n").slice(-15).join("\n");
  }
}
