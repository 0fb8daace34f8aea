/** Processes that outlive us, known so well that never another one is ended in their place. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process id is used again one day; with the time the process started it is not. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since the host's boot: field 22 of /proc/PID/stat (proc(5)). */
  readonly startedAt: string;
}

/** Every process of a rack has this variable; its children inherit it. */
const MARK = "SEXTANT_RACK";
export const markOf = (rack: string): NodeJS.ProcessEnv => ({ [MARK]: rack });

/** Starts a program in the background, its output at the end of the file `log`. */
export function startDetached(command: readonly [string, ...string[]], rack: string, log: string): ProcessId {
  const output = openSync(log, "a");
  try {
    const [program, ...args] = command;
    const child = spawn(program, args, { detached: true, stdio: ["ignore", output, output], env: { ...process.env, ...markOf(rack) } });
    child.on("error", () => {}); // a program that is not there has no pid, which is told below
    child.unref();
    if (child.pid === undefined) throw new Error(`${program} cannot be started; is it installed?`);
    return { pid: child.pid, startedAt: look(child.pid)?.startedAt ?? "" };
  } finally {
    closeSync(output);
  }
}

export function isAlive({ pid, startedAt }: ProcessId): boolean {
  const found = look(pid);
  return found?.startedAt === startedAt && !found.ended;
}

/** Asks each to end, and after `patience` milliseconds does not ask any more. */
export async function end(ids: readonly ProcessId[], patience = 5000): Promise<void> {
  const send = (signal: NodeJS.Signals) => {
    for (const id of ids.filter(isAlive)) signalTo(id.pid, signal);
  };
  send("SIGTERM");
  for (let waited = 0; waited < patience && ids.some(isAlive); waited += 50) await sleep(50);
  send("SIGKILL");
  while (ids.some(isAlive)) await sleep(20);
}

/** Cuts them off at once, as a power failure would. */
export const kill = (ids: readonly ProcessId[]): Promise<void> => end(ids, 0);

/** What belongs to a rack although nobody wrote it down: children, and what a crash of ours left behind. */
export function marked(rack: string): readonly ProcessId[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => read(`/proc/${name}/environ`).split("\0").includes(`${MARK}=${rack}`))
    .map((name) => ({ pid: Number(name), startedAt: look(Number(name))?.startedAt ?? "" }))
    .filter(isAlive);
}

/** Undefined when there is no such process. One that ended stays visible until its parent has taken note. */
function look(pid: number): { readonly startedAt: string; readonly ended: boolean } | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything, spaces and parentheses included.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startedAt] = [fields[0], fields[19]];
  return startedAt === undefined ? undefined : { startedAt, ended: state === "Z" || state === "X" };
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it ended while we looked, or is not ours to look into
  }
}
