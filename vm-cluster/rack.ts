/** The whole rack: network, bootstrapper with its bsroot, machines, and the ways in from outside. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dump } from "js-yaml";
import type { Cluster, Mirror } from "../cluster/cluster.ts";
import type { Api } from "./api.ts";
import { Bootstrapper } from "./bootstrapper.ts";
import { run } from "./command.ts";
import type { Firmware } from "./firmware.ts";
import type { Image } from "./image.ts";
import { VirtualMachine } from "./machine.ts";
import type { Network } from "./network.ts";
import { type Accelerator, disksFor, type Hardware } from "./qemu.ts";
import type { RackState } from "./rack-state.ts";
import { rehearse } from "./rehearsal.ts";
import { type Key, sharing, sshConfig } from "./ssh.ts";
import { wire } from "./wiring.ts";

/** MiB. The installer system unpacks itself into memory beside the image's stream; a node with containerd needs less. */
const MEMORY = 512;

/** Machines as a description's rules need them. BIOS and UEFI take turns, beginning with BIOS. */
export const hardwareOf = (cluster: Cluster): readonly Hardware[] =>
  cluster.machines.map(({ mac, name, disk }, index) => {
    const firmware: Firmware = index % 2 === 0 ? "bios" : "uefi";
    return { mac, name, firmware, memory: MEMORY, disks: disksFor(disk, mac) };
  });

/** What a rack is made with. */
export interface Equipment {
  readonly image: Image;
  readonly key: Key;
  readonly accelerator: Accelerator;
  readonly state: RackState;
  /** Folders that stand for places of the internet, beside the image's own. */
  readonly mirrors?: readonly Mirror[];
  /** Container images to carry. */
  readonly images?: readonly string[];
}

export class Rack {
  readonly cluster: Cluster;
  /** What is not as the description says, in words. */
  readonly differences: readonly string[];
  readonly machines: readonly VirtualMachine[];
  readonly bootstrapper: Bootstrapper;
  readonly #description: string;
  readonly #bsroot: string;
  readonly #state: RackState;
  readonly #key: Key;

  /** Makes folder and files; nothing runs yet. `hardware` may have machines that the description does not list. */
  constructor(cluster: Cluster, hardware: readonly Hardware[], { image, key, accelerator, state, mirrors = [], images = [] }: Equipment) {
    this.cluster = cluster;
    this.#state = state;
    this.#key = key;
    this.#description = join(state.folder, "cluster-desc.yml");
    this.#bsroot = join(state.folder, "bsroot");
    mkdirSync(state.folder, { recursive: true });
    mkdirSync(state.sockets, { recursive: true, mode: 0o700 });
    const own = ["github.com"].map((host) => ({ from: `https://${host}`, to: pathToFileURL(join(image.mirror, host)).href }));
    const lab = { os: image.os, sshKey: key.public, mirrors: [...own, ...mirrors], images };
    const { description, differences } = rehearse(cluster, lab);
    this.differences = differences;
    writeFileSync(this.#description, dump(description, { lineWidth: -1 }));
    this.machines = hardware.map((one, port) => new VirtualMachine(one, port, accelerator, state));
    this.bootstrapper = new Bootstrapper(this.#bsroot, cluster.network.bootstrapper, state);
  }

  get network(): Network {
    return this.#state.network;
  }

  get api(): Api {
    return this.bootstrapper.api;
  }

  machine(name: string): VirtualMachine {
    const found = this.machines.find((machine) => machine.name === name);
    if (!found) throw new Error(`the rack has no machine ${name}`);
    return found;
  }

  /** The real builder, on the rehearsed description. */
  async buildBsroot(show: boolean): Promise<void> {
    const command = ["dist/bsroot-builder/main.js", "build", this.#description, "--out", this.#bsroot, "--bootstrapper", "none"];
    await run(process.execPath, command, { show });
  }

  async wire(): Promise<void> {
    const { bootstrapper, subnet } = this.cluster.network;
    await wire(this.#state, bootstrapper, subnet.prefix, this.machines);
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
    const shared = sharing(join(this.#state.sockets, `ssh-${name}-${this.machine(name).switchedOn}`));
    const env = { ...process.env, ...this.#state.mark };
    return run("ssh", ["-F", await this.writeSshConfig(), ...shared, name, script], { timeout: 120_000, env });
  }

  /** Runs a program on the bootstrapper's side of the wire. Resolves with its output. */
  inside(...command: readonly [string, ...string[]]): Promise<string> {
    return this.#inside(command, 60_000);
  }

  /** `bootstrapper cluster ...`, as the operator orders it on the server. Resolves with what it printed, at its end. */
  order(...words: readonly string[]): Promise<string> {
    const command = [process.execPath, "dist/bootstrapper/main.js", "cluster", ...words, "--bsroot", this.#bsroot] as const;
    return this.#inside(command, 3_600_000);
  }

  #inside(command: readonly [string, ...string[]], timeout: number): Promise<string> {
    const [program, ...args] = this.#state.network.inside([...command]);
    return run(program, args, { timeout });
  }
}
