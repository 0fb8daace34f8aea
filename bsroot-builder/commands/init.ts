/** init: a commented description to start from. */
import { writeFile } from "node:fs/promises";
import { starter } from "../../cluster/starter.ts";
import { Failure } from "./failure.ts";

/** Never overwrites. Throws Failure. Answers what to tell the user. */
export async function init(file: string): Promise<string> {
  try {
    await writeFile(file, starter, { flag: "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new Failure([`${file} is there already and stays as it is; name another file, or move it away`]);
    throw new Failure([`${file}: cannot be written (${code ?? message})`]);
  }
  return `wrote ${file}; put in your machines and your ssh key, then run: bsroot-builder check ${file}\n`;
}
