/** What a rack has on this host: a folder, a namespace, sockets and processes, written down so that any later run can clear it away. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Network } from "./network.ts";
import { end, marked, markOf, type ProcessId, startDetached } from "./processes.ts";

/** All racks of a checkout. */
export const RACKS = ".vm-cluster";

/** Ids of those there are: of `make up`, and of tests that run or were interrupted. */
export const racks = (checkout = process.cwd()): readonly string[] => {
  const folder = resolve(checkout, RACKS);
  return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : [])) : [];
};

interface Written {
  /** Process ids mean nothing after the host was restarted. */
  readonly boot: string;
  readonly processes: readonly (ProcessId & { readonly what: string })[];
}

export class RackState {
  readonly folder: string;
  /** Unix sockets; not in `folder`, whose path may be longer than the 107 bytes of sockaddr_un. */
  readonly sockets: string;
  readonly network: Network;
  #processes: Written["processes"] = [];

  /** `id` tells the racks of one checkout apart: "rack", "e2e". */
  constructor(id: string, checkout = process.cwd()) {
    this.folder = resolve(checkout, RACKS, id);
    const name = `sextant-${createHash("sha256").update(this.folder).digest("hex").slice(0, 8)}`;
    this.sockets = join("/run", name);
    this.network = new Network(name);
    this.#processes = this.#read();
  }

  /** Environment of a program that may leave processes behind: they end with the rack. */
  get mark(): NodeJS.ProcessEnv {
    return markOf(this.folder);
  }

  /** Starts a process that outlives us, and remembers it. */
  start(what: string, command: readonly [string, ...string[]], log: string): ProcessId {
    const id = startDetached(command, this.folder, log);
    this.#processes = [...this.#processes, { ...id, what }];
    mkdirSync(this.folder, { recursive: true });
    const text: Written = { boot: bootId(), processes: this.#processes };
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(text, null, 1)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
    return id;
  }

  /** Ends every process, removes namespace, sockets, disks and the folder. What a crash left behind goes too. */
  async clear(): Promise<void> {
    await end(this.#processes);
    await end(marked(this.folder));
    this.#processes = [];
    await this.network.remove();
    rmSync(this.sockets, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.folder, "processes.json");
  }

  #read(): Written["processes"] {
    if (!existsSync(this.#file)) return [];
    const { boot, processes } = JSON.parse(readFileSync(this.#file, "utf8")) as Written;
    return boot === bootId() ? processes : [];
  }
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
