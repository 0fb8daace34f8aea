/** The builder as users start it: a process of its own, in a folder of theirs. */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface Ended {
  /** null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

const MAIN = resolve(fileURLToPath(import.meta.url), "../../../bsroot-builder/main.ts");

/** Company proxies are for the internet; the mirrors of tests are on loopback. */
const { HTTP_PROXY, HTTPS_PROXY, http_proxy, https_proxy, ...env } = process.env;

export function start(cwd: string, ...args: string[]): Running {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), MAIN, ...args], {
    cwd,
    env: { ...env, XDG_CACHE_HOME: resolve(cwd, "cache") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const heard = { stdout: "", stderr: "" };
  child.stdout!.on("data", (chunk) => {
    heard.stdout += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    heard.stderr += chunk;
  });
  const ended = new Promise<Ended>((done) => child.on("close", (code) => done({ code, ...heard })));
  return { process: child, ended };
}

export const run = (cwd: string, ...args: string[]): Promise<Ended> => start(cwd, ...args).ended;
