/** Programs that the bench starts, measures and ends, each by its own process id. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Account, openAccount } from "./account.ts";
import { parseStat, type Stat, TICKS_A_SECOND, ticksOf } from "./cpu.ts";
import type { Task } from "./load/main.ts";

export interface Running {
  readonly pid: number;
  /** Processor seconds so far, of everybody it started too. */
  cpu(): number;
  stop(): Promise<void>;
}

const running = new Set<Running>();

/** What is still running, so that nothing is left behind. */
export const stopAll = async (): Promise<void> => void (await Promise.all([...running].map((each) => each.stop())));

/** Resolves when `ready` says so. Throws with the program's last words when it ends before. */
export async function start(command: readonly [string, ...string[]], log: string, ready: (pid: number) => boolean): Promise<Running> {
  const account = openAccount();
  const [program, ...args] = account?.on(command) ?? command;
  const output = openSync(log, "a");
  const child = spawn(program, args, { stdio: ["ignore", output, output] });
  closeSync(output);
  const made = known(child, account);
  for (let waited = 0; ; waited += 20) {
    const ended = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    if (!ended && ready(made.pid)) return made;
    if (ended || waited > 20_000) {
      await made.stop();
      const words = readFileSync(log, "utf8").trim().split("\n").slice(-12).join("\n  ");
      throw new Error(`${command.at(-1)?.slice(0, 40)}: did not start: ${command.join(" ")}\n  ${words}`);
    }
    await sleep(20);
  }
}

function known(child: ChildProcess, account?: Account): Running {
  const pid = child.pid ?? -1;
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const made: Running = {
    pid,
    cpu: () => account?.seconds() ?? ticksOf(pid, everybody()) / TICKS_A_SECOND,
    stop: async () => {
      running.delete(made);
      if (child.exitCode === null && child.signalCode === null && pid >= 0) {
        child.kill("SIGTERM");
        const force = setTimeout(() => child.kill("SIGKILL"), 3000);
        await ended;
        clearTimeout(force);
      }
      await settle(account);
    },
  };
  running.add(made);
  return made;
}

/** A server's children may outlive it for a while. */
async function settle(account: Account | undefined): Promise<void> {
  for (let tries = 0; account; tries++) {
    try {
      return account.close();
    } catch (error) {
      if (tries === 100) throw error;
      account.end();
      await sleep(50);
    }
  }
}

function everybody(): Stat[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => parseStat(read(`/proc/${pid}/stat`)) ?? []);
}

/** Whether somebody where that process is has this UDP port. */
export function hasPort(pid: number, port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  return read(`/proc/${pid}/net/udp`)
    .split("\n")
    .some((line) => line.slice(0, 25).includes(wanted));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it ended while we looked
  }
}

export interface LoadProcess extends Running {
  /** What the load's process cost is in `cpu`. */
  carryOut<T>(task: Task): Promise<T & { readonly cpu: number }>;
}

/** The load's own process: tasks one after another. */
export function startLoad(command: readonly [string, ...string[]]): LoadProcess {
  const child = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ...known(child),
    carryOut: async <T>(task: Task) => {
      child.stdin.write(`${JSON.stringify(task)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("the load's process ended in the middle of a task");
      return JSON.parse(value) as T & { readonly cpu: number };
    },
  };
}
