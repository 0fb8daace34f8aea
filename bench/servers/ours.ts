/** The bootstrapper: the whole compiled program on a small bsroot, as it is shipped, with everything but NTP. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../vm-cluster/command.ts";
import { start } from "../processes.ts";
import type { Server } from "./server.ts";

const ROOT = join(import.meta.dirname, "../..");

export const OURS = "sextant";

/** `program` is the command that starts it, without its arguments. */
export function bootstrapper(program: readonly string[]): Server {
  return {
    name: OURS,
    serves: ["dhcp", "tftp", "dns"],
    start(lab, _, { bsroot }) {
      const folder = lab.room("sextant");
      const log = join(folder, "log");
      const words = ["serve", "--bsroot", bsroot, "--state", join(folder, "state"), "--time", "off", "--probe", "off"];
      const command = lab.at("server", [...program, ...words]);
      return start(command, log, () => existsSync(log) && /ready in [\d.]+ s/.test(readFileSync(log, "utf8")));
    },
  };
}

/** What is compiled: the files as they are, or those of a commit, with some folders as they are. */
export interface Source {
  readonly commit: string | undefined;
  readonly with: readonly string[];
}

/** Beside dist/, which somebody may be using. Types are not looked at: that is what `make test` does. Answers the program. */
export async function compile(source: Source, folder: string): Promise<readonly string[]> {
  const from = source.commit === undefined ? ROOT : await checkedOut(source.commit, source.with, join(folder, "source"));
  const dist = join(folder, "dist");
  await run("npm", ["exec", "--", "tsc", "-p", join(from, "tsconfig.build.json"), "--noCheck", "--outDir", dist], { cwd: ROOT });
  const assets = "find templates bootstrapper -type f ! -name '*.ts' ! -name '*.md' -exec cp --parents -t \"$0\" {} +";
  await run("sh", ["-c", assets, dist], { cwd: from });
  writeFileSync(join(dist, "package.json"), readFileSync(join(ROOT, "package.json")));
  return [process.execPath, join(dist, "bootstrapper/main.js")];
}

async function checkedOut(commit: string, folders: readonly string[], folder: string): Promise<string> {
  const script =
    'mkdir "$0" && git archive "$1" | tar -x -C "$0" && shift && for each; do rm -rf "$0/$each" && cp -r "$each" "$0/$each"; done';
  await run("sh", ["-c", script, folder, commit, ...folders], { cwd: ROOT });
  return folder;
}
