/** What an Ignition configuration says, read back for tests, and what the real ignition-validate says of it. */
import { spawnSync } from "node:child_process";

/** Everything Ignition's own checker says; unknown keys are only warnings to it, and mistakes to us. */
export function validate(config: string): string {
  const { stdout, stderr, error } = spawnSync("ignition-validate", ["-"], { input: config, encoding: "utf8" });
  if (error) throw error;
  return stdout + stderr;
}

interface File {
  readonly path: string;
  readonly mode: number;
  readonly contents: { readonly source: string; readonly verification?: { readonly hash: string } };
}

export const filesIn = (config: string): readonly File[] => JSON.parse(config).storage.files;
export const pathsIn = (config: string): readonly string[] => filesIn(config).map(({ path }) => path);
export const unitsIn = (config: string): readonly string[] => JSON.parse(config).systemd.units.map(({ name }: { name: string }) => name);

/** The text of a file that travels inside the configuration. */
export function textIn(config: string, path: string): string {
  const file = filesIn(config).find((one) => one.path === path);
  if (!file) throw new Error(`${path} is not in the configuration`);
  return Buffer.from(file.contents.source.split("base64,")[1] ?? "", "base64").toString();
}
