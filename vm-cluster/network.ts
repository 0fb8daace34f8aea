/** The rack's wires: a switch in a network namespace of its own, with the bootstrapper's card, a port for each machine and no way out. */
import { existsSync, readdirSync } from "node:fs";
import type { Ipv4 } from "../cluster/address.ts";
import { run } from "./command.ts";

const NAMESPACES = "/run/netns";
const SWITCH = "switch";
/** The bootstrapper's network card, and the switch port it is plugged into. */
const CARD = "card";
const UPLINK = "uplink";

export class Network {
  readonly #name: string;

  /** `name` is the namespace's. */
  constructor(name: string) {
    this.#name = name;
  }

  get name(): string {
    return this.#name;
  }

  exists(): boolean {
    return existsSync(`${NAMESPACES}/${this.#name}`);
  }

  /** Makes namespace and switch; the card has the bootstrapper's address. */
  async create(server: Ipv4, prefix: number): Promise<void> {
    await run("ip", ["netns", "add", this.#name]);
    await this.#inside(
      "link set lo up",
      // Forwarding at once: with the usual 15 s of listening and learning, a machine's first DHCP would be lost.
      `link add ${SWITCH} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set ${SWITCH} up`,
      `link add ${CARD} type veth peer name ${UPLINK}`,
      `link set ${UPLINK} master ${SWITCH}`,
      `link set ${UPLINK} up`,
      `link set ${CARD} up`,
      `address add ${server}/${prefix} dev ${CARD}`,
    );
  }

  /** A switch port; QEMU plugs in by its name. */
  async addPort(port: string): Promise<void> {
    await this.#inside(`tuntap add ${port} mode tap`, `link set ${port} master ${SWITCH}`, `link set ${port} up`);
  }

  /** A further address for the bootstrapper's card: somebody else on the same wire. */
  async addAddress(address: Ipv4, prefix: number): Promise<void> {
    await this.#inside(`address add ${address}/${prefix} dev ${CARD}`);
  }

  /** Somebody else's host on the same wire, in a namespace of its own: its name and the command that runs a program there. */
  async addHost(
    host: string,
    address: Ipv4,
    prefix: number,
  ): Promise<{ inside(command: readonly [string, ...string[]]): [string, ...string[]] }> {
    const name = `${this.#name}-${host}`;
    await run("ip", ["netns", "add", name]);
    await this.#inside(
      `link add ${host} type veth peer name ${CARD} netns ${name}`,
      `link set ${host} master ${SWITCH}`,
      `link set ${host} up`,
    );
    const lines = ["link set lo up", `link set ${CARD} up`, `address add ${address}/${prefix} dev ${CARD}`];
    await run("ip", ["-netns", name, "-batch", "-"], { input: `${lines.join("\n")}\n` });
    return { inside: (command) => within(name, command) };
  }

  get card(): string {
    return CARD;
  }

  /** The command that runs `command` inside. Not `ip netns exec`, which hides /sys/fs/cgroup. */
  inside(command: readonly [string, ...string[]]): [string, ...string[]] {
    return within(this.#name, command);
  }

  /** The namespaces take switch, cards and ports with them. */
  async remove(): Promise<void> {
    const ours = existsSync(NAMESPACES)
      ? readdirSync(NAMESPACES).filter((name) => name === this.#name || name.startsWith(`${this.#name}-`))
      : [];
    for (const name of ours) await run("ip", ["netns", "delete", name]);
  }

  async #inside(...lines: readonly string[]): Promise<void> {
    const [program, ...args] = this.inside(["ip", "-batch", "-"]);
    await run(program, args, { input: `${lines.join("\n")}\n` });
  }
}

const within = (namespace: string, command: readonly [string, ...string[]]): [string, ...string[]] => [
  "nsenter",
  `--net=${NAMESPACES}/${namespace}`,
  "--",
  ...command,
];
