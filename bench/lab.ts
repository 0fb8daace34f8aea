/** Where it is measured: one wire between two network namespaces, the servers' and the load's, and a folder on the disk. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ipv4, toNumber } from "../cluster/address.ts";
import { run } from "../vm-cluster/command.ts";

export const SERVER = ipv4("10.64.0.1");
export const LOAD = ipv4("10.64.0.2");
export const PREFIX = 12;
export const SUBNET = `10.64.0.0/${PREFIX}`;
/** What DHCP gives: 131,072 addresses. */
export const RANGE = { first: ipv4("10.66.0.0"), last: ipv4("10.67.255.255") };
/** All of these are the load's. */
const HOSTS = "10.72.0.0/16";
export const FIRST_HOST = toNumber(ipv4("10.72.0.0"));
/** The network card at either end of the wire. */
export const CARD = "card";

const NAME = /^sextant-bench-(\d+)-(server|load)$/;

/** Of its session, where the scheduler shares the processor among sessions first (sched(7), autogroup), and of the process. */
const AHEAD = ["setsid", "sh", "-c", 'echo -20 2>/dev/null >/proc/self/autogroup; exec nice -n -20 "$@"', "--"];

export class Lab {
  readonly #server = `sextant-bench-${process.pid}-server`;
  readonly #load = `sextant-bench-${process.pid}-load`;
  /** For configurations, leases and logs. */
  readonly folder: string;

  readonly #ahead: boolean;

  /** `cache` is on the disk that leases are to be kept on; `ahead` of everything else on this host are the programs at both ends. */
  constructor(cache: string, ahead = false) {
    this.#ahead = ahead;
    this.folder = join(cache, "run", String(process.pid));
  }

  async create(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    for (const name of [this.#server, this.#load]) await run("ip", ["netns", "add", name]);
    await this.#in(this.#server, `link add ${CARD} type veth peer name ${CARD} netns ${this.#load}`);
    const up = (address: string) => ["link set lo up", `address add ${address}/${PREFIX} dev ${CARD}`, `link set ${CARD} up`];
    await this.#in(this.#server, ...up(SERVER), `route add ${HOSTS} via ${LOAD}`);
    await this.#in(this.#load, ...up(LOAD), `route add local ${HOSTS} dev ${CARD}`);
  }

  /** A folder that nobody had before. */
  room(name: string): string {
    for (let number = 1; ; number++) {
      const folder = join(this.folder, `${name}-${number}`);
      if (existsSync(folder)) continue;
      mkdirSync(folder);
      return folder;
    }
  }

  /** The command that runs at one end, and dies with us. */
  at(end: "server" | "load", command: readonly string[]): [string, ...string[]] {
    const name = end === "server" ? this.#server : this.#load;
    return ["nsenter", `--net=/run/netns/${name}`, "--", "setpriv", "--pdeathsig", "KILL", ...(this.#ahead ? AHEAD : []), ...command];
  }

  async remove(): Promise<void> {
    for (const name of [this.#server, this.#load]) if (existsSync(`/run/netns/${name}`)) await run("ip", ["netns", "delete", name]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #in(name: string, ...lines: readonly string[]): Promise<void> {
    await run("ip", ["-n", name, "-batch", "-"], { input: `${lines.join("\n")}\n` });
  }
}

/** What a bench that was killed could not remove: the processes in its namespaces, these, and its folder. */
export async function sweep(cache: string): Promise<void> {
  const namespaces = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
  for (const name of namespaces) {
    const owner = NAME.exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    for (const pid of (await run("ip", ["netns", "pids", name])).split("\n").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
    await run("ip", ["netns", "delete", name]);
  }
  const runs = join(cache, "run");
  for (const owner of existsSync(runs) ? readdirSync(runs) : [])
    if (!existsSync(`/proc/${owner}`)) rmSync(join(runs, owner), { recursive: true });
}
