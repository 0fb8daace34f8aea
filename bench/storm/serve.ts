/** Server programs, each on an account of its own: started, waited for, and ended. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openAccount } from "../account.ts";
import { inside } from "./network.ts";
import type { Process } from "./stacks.ts";

export interface Running {
  readonly program: string;
  /** Processor seconds so far, of everybody it started too. */
  cpu(): number;
  stop(): Promise<void>;
}

/** Milliseconds. */
const PATIENCE = { start: 60_000, end: 6000 };

/** Resolves when it serves; throws with its last words when it does not. `hear` is given what it says. */
export async function start(namespace: string, { command, environment, ready }: Process, hear: (said: Buffer) => void): Promise<Running> {
  const account = openAccount();
  if (!account)
    throw new Error("no control group can be made here, so nobody's processor time can be told; run as root, not inside `ip netns exec`");
  const [program, ...args] = account.on(inside(namespace, ...command));
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  const ended = once(child, "exit");
  const running: Running = {
    program: basename(command[0]),
    cpu: account.seconds,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        const late = setTimeout(() => child.kill("SIGKILL"), PATIENCE.end);
        await ended;
        clearTimeout(late);
      }
      account.end();
      for (let tries = 0; tries < 100 && !closes(account.close); tries++) await sleep(50);
    },
  };

  let said = "";
  let serving = ready === undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      hear(bytes);
      if (!serving) said += bytes;
      serving ||= ready?.test(said) === true;
    });
  }
  for (let waited = 0; !serving; waited += 20) {
    if (child.exitCode !== null || waited > PATIENCE.start) {
      await running.stop();
      throw new Error(`${command.join(" ")}: did not start: ${said.slice(-2000)}`);
    }
    await sleep(20);
  }
  return running;
}

/** Those who were ended leave their group a moment later. */
function closes(close: () => void): boolean {
  try {
    close();
    return true;
  } catch {
    return false;
  }
}
