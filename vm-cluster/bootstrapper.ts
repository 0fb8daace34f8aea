/** The bootstrapper under rehearsal: the built program in the rack's network, its log, and the doors to it from this side. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ipv4 } from "../cluster/address.ts";
import { layout } from "../cluster/layout.ts";
import { Api } from "./api.ts";
import { run } from "./command.ts";
import { isAlive, kill, type ProcessId } from "./processes.ts";
import type { RackState } from "./rack-state.ts";

/** Milliseconds. */
const PATIENCE = 20_000;

export class Bootstrapper {
  readonly log: string;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly #bsroot: string;
  readonly #address: Ipv4;
  readonly #state: RackState;
  readonly #door: string;
  #process: ProcessId | undefined;
  #api: Api | undefined;

  constructor(bsroot: string, address: Ipv4, state: RackState) {
    this.#bsroot = bsroot;
    this.#address = address;
    this.#state = state;
    this.#door = join(state.sockets, "https");
    this.log = join(state.folder, "bootstrapper.log");
    this.caFile = join(bsroot, layout.tls.ca);
    this.tokenFile = join(bsroot, layout.tls.apiToken);
  }

  /** Resolves when it is healthy. Throws with its last words when it is not within 20 s. */
  async start(): Promise<void> {
    const { network, folder } = this.#state;
    const serve = ["serve", "--bsroot", this.#bsroot, "--state", join(folder, "state")];
    this.#process = this.#state.start("bootstrapper", network.inside([process.execPath, "dist/bootstrapper/main.js", ...serve]), this.log);
    const deadline = Date.now() + PATIENCE;
    while (!(await this.#isHealthy())) {
      if (!this.isUp() || Date.now() > deadline) {
        const what = this.isUp() ? `is not healthy after ${PATIENCE / 1000} s` : "ended";
        throw new Error(`the bootstrapper ${what}; ${this.log} ends with:\n${this.lastWords(15).join("\n")}`);
      }
      await sleep(200);
    }
  }

  isUp(): boolean {
    return this.#process !== undefined && isAlive(this.#process);
  }

  /** kill -9: it has no time to save anything. */
  async kill(): Promise<void> {
    if (this.#process) await kill([this.#process]);
  }

  lastWords(lines: number): readonly string[] {
    return readFileSync(this.log, "utf8").trimEnd().split("\n").slice(-lines);
  }

  /** A unix socket on this side that leads to the HTTPS port, and with it the API. Resolves when somebody is behind it. */
  async openDoor(): Promise<void> {
    const { network, folder } = this.#state;
    const socat = ["socat", `UNIX-LISTEN:${this.#door},fork,mode=600`, `TCP:${this.#address}:443`] as const;
    this.#state.start("door", network.inside([...socat]), join(folder, "door.log"));
    const deadline = Date.now() + PATIENCE;
    while (!existsSync(this.#door)) {
      if (Date.now() > deadline) throw new Error(`socat does not listen at ${this.#door}; see ${join(folder, "door.log")}`);
      await sleep(20);
    }
  }

  /** The door as a port of 127.0.0.1, for browsers. */
  openPort(port: number): void {
    const socat = ["socat", `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`, `UNIX-CONNECT:${this.#door}`] as const;
    this.#state.start("port", [...socat], join(this.#state.folder, "door.log"));
  }

  /** Needs a bsroot and an open door. */
  get api(): Api {
    const [ca, token] = [this.caFile, this.tokenFile].map((file) => readFileSync(file, "utf8"));
    this.#api ??= new Api({ socket: this.#door, ca: ca!, token: token!.trim() });
    return this.#api;
  }

  async #isHealthy(): Promise<boolean> {
    const [program, ...args] = this.#state.network.inside(["curl", "-fsS", "--max-time", "2", `http://${this.#address}/healthz`]);
    return run(program, args).then(
      () => true,
      () => false,
    );
  }
}
