/** Running another program to its end. */
import { spawn } from "node:child_process";

/** A program that could not be started or ended badly; the message holds its last words. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Given on standard input, which is otherwise empty. */
  readonly input?: string;
  /** Shows the program's output on ours instead of keeping it. */
  readonly show?: boolean;
  /** Milliseconds after which it is ended. */
  readonly timeout?: number;
}

/** Resolves with what it wrote to standard output. Throws CommandError. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { cwd, env, input, show = false, timeout } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, timeout, stdio: ["pipe", show ? "inherit" : "pipe", show ? "inherit" : "pipe"] });
    let out = "";
    let words = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-4000);
    });
    child.stdin?.on("error", () => {}); // a program that ended before it read its input says so by its status
    child.stdin?.end(input ?? "");
    child.on("error", (error) => reject(new CommandError(`${program} cannot be started: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(out);
      const how = signal ? `was ended by ${signal}` : `ended with status ${code}`;
      reject(new CommandError(`${[program, ...args].join(" ").slice(0, 300)} ${how}${words && `: ${words.trim()}`}`));
    });
  });
}
