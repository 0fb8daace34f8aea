/** check: every mistake in a description at once, or what it amounts to. */
import { readDescription } from "./description.ts";

/** Throws Failure. Answers what to tell the user. */
export async function check(file: string): Promise<string> {
  const { cluster, warnings } = await readDescription(file);
  const machines = cluster.machines.length === 1 ? "1 machine" : `${cluster.machines.length} machines`;
  return [...warnings.map((warning) => `warning: ${warning}`), `${file}: good; cluster ${cluster.name} with ${machines}`, ""].join("\n");
}
