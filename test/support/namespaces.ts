/** Machines that are network namespaces on one bridge: real programs speak to each other under addresses and ports of their own (root, iproute2). */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const execute = promisify(execFile);
const ip = (...args: readonly string[]) => execute("ip", args);

export interface Namespace {
  readonly name: string;
  /** Takes its cable out, or puts it in again. */
  link(state: "up" | "down"): Promise<void>;
  /** Runs a program to its end. Throws when it fails, or takes longer than 30 s. */
  run(env: Readonly<Record<string, string>>, program: string, ...args: readonly string[]): Promise<string>;
  /** Starts a program that goes on; `close` ends it. */
  start(env: Readonly<Record<string, string>>, program: string, ...args: readonly string[]): ChildProcess;
}

export interface Bridge {
  /** `address` with its prefix: "10.0.0.21/24". */
  machine(address: string): Promise<Namespace>;
  close(): Promise<void>;
}

/** `label` tells the namespaces of one test from another's. */
export async function bridge(label: string): Promise<Bridge> {
  await sweep(label);
  const own = `sx${label}-${process.pid}`;
  const namespaces: string[] = [];
  const children: ChildProcess[] = [];
  const add = async (name: string): Promise<string> => {
    await ip("netns", "add", name);
    namespaces.push(name);
    await ip("-n", name, "link", "set", "lo", "up");
    return name;
  };
  const middle = await add(`${own}-0`);
  await ip("-n", middle, "link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0");
  await ip("-n", middle, "link", "set", "br0", "up");

  return {
    async machine(address) {
      const number = namespaces.length;
      const name = await add(`${own}-${number}`);
      await ip("link", "add", `m${number}`, "netns", middle, "type", "veth", "peer", "name", "eth0", "netns", name);
      await ip("-n", middle, "link", "set", `m${number}`, "master", "br0", "up");
      await ip("-n", name, "address", "add", address, "dev", "eth0");
      await ip("-n", name, "link", "set", "eth0", "up");
      const inside = (program: string, args: readonly string[]) => ["netns", "exec", name, program, ...args];
      const environment = (env: Readonly<Record<string, string>>) => ({ PATH: process.env["PATH"], ...env });
      return {
        name,
        link: async (state) => void (await ip("-n", middle, "link", "set", `m${number}`, state)),
        run: async (env, program, ...args) => {
          const { stdout, stderr } = await execute("ip", inside(program, args), { env: environment(env), timeout: 30_000 });
          return stdout + stderr;
        },
        start: (env, program, ...args) => {
          const child = spawn("ip", inside(program, args), { env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
          children.push(child);
          return child;
        },
      };
    },
    async close() {
      for (const child of children) await end(child);
      for (const name of namespaces) {
        const { stdout } = await ip("netns", "pids", name);
        for (const pid of stdout.split("\n").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
        await ip("netns", "del", name);
      }
    },
  };
}

/** `ip netns exec` becomes the program itself, so that its end is the program's. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}

/** Removes what a test run left that was ended before it could. */
async function sweep(label: string): Promise<void> {
  const { stdout } = await ip("netns", "list");
  for (const [name, pid] of stdout.matchAll(new RegExp(`^sx${label}-(\\d+)-\\d+`, "gm"))) {
    if (existsSync(`/proc/${pid}`)) continue;
    const { stdout: left } = await ip("netns", "pids", name);
    for (const one of left.split("\n").filter(Boolean)) process.kill(Number(one), "SIGKILL");
    await ip("netns", "del", name);
  }
}
