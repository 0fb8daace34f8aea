/** Other people's checkers, and what they have to say: the empty text when they are content. */
import { spawnSync } from "node:child_process";

/** Both streams of a tool. */
export function says(command: string, args: readonly string[], input?: string): string {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", ...(input !== undefined && { input }) });
  if (error) throw error;
  return stdout + stderr;
}

export const shellcheck = (script: string): string => says("shellcheck", ["--shell=sh", "-"], script);
