/** A program that runs beside us for as long as we do: started again when it ends, ever more slowly while it keeps ending. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

export interface ChildSettings {
  readonly command: string;
  readonly args: readonly string[];
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Its pid is written there while it runs, for whoever comes after us when we are killed. */
  readonly pidFile?: string;
  /** Asked before each start; says why it cannot run now, in words for the operator. */
  hindrance?(): Promise<string | undefined>;
  /** What it prints. */
  onLine(line: string): void;
  /** It does not run, and why. Told again only when the reason changes. */
  onTrouble(because: string): void;
  /** Milliseconds before the first new start, doubled up to `slowest` each time. */
  readonly soonest?: number;
  readonly slowest?: number;
}

export interface Child {
  /** Why it does not run; undefined while it does. */
  trouble(): string | undefined;
  readonly pid: number | undefined;
  /** Asks it to end, then makes it. */
  close(): Promise<void>;
}

const SOONEST = 1000;
const SLOWEST = 60_000;
/** Milliseconds after which a run counts as a good one, and the next start is soon again. */
const GOOD_RUN = 60_000;
/** Milliseconds that it has to end by itself. */
const PATIENCE = 2000;

/** Resolves after the first try to start it, successful or not. */
export async function runChild(settings: ChildSettings): Promise<Child> {
  const { command, args, soonest = SOONEST, slowest = SLOWEST } = settings;
  let child: ChildProcess | undefined;
  let trouble: string | undefined;
  let told: string | undefined;
  let delay = soonest;
  let retry: NodeJS.Timeout | undefined;
  let closing = false;

  function inTrouble(because: string, startedAt: number): void {
    trouble = because;
    if (because !== told) settings.onTrouble(because);
    told = because;
    if (Date.now() - startedAt > GOOD_RUN) delay = soonest;
    if (closing) return;
    retry = setTimeout(() => void start(), delay).unref();
    delay = Math.min(slowest, delay * 2);
  }

  async function start(): Promise<void> {
    const startedAt = Date.now();
    const hindrance = await settings.hindrance?.();
    if (closing) return;
    if (hindrance) return inTrouble(hindrance, startedAt);
    const started = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...settings.environment } });
    for (const output of [started.stdout, started.stderr]) createInterface({ input: output }).on("line", settings.onLine);
    await new Promise<void>((resolve) => {
      started.once("spawn", () => {
        if (settings.pidFile) writeFileSync(settings.pidFile, `${started.pid}\n`);
        child = started;
        trouble = undefined;
        resolve();
      });
      started.once("error", (error: NodeJS.ErrnoException) => {
        inTrouble(error.code === "ENOENT" ? `${command} is not installed` : `${command} cannot be started: ${error.message}`, startedAt);
        resolve();
      });
      started.once("exit", (code, signal) => {
        child = undefined;
        if (!closing) inTrouble(`${command} ended with ${signal ?? `code ${code}`}`, startedAt);
      });
    });
  }

  await start();
  return {
    trouble: () => trouble,
    get pid() {
      return child?.pid;
    },
    close: async () => {
      closing = true;
      clearTimeout(retry);
      if (child) await end(child);
    },
  };
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    child.once("exit", () => {
      clearTimeout(force);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
