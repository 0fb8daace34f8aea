/** A child that outlived a bootstrapper that was killed: it holds the port that the next one needs. */
import { readFile, rm } from "node:fs/promises";

/** Ends the process that `pidFile` names, but only one that runs with our own file, `argument`. */
export async function endOrphan(pidFile: string, argument: string): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  const isOurs = async (): Promise<boolean> => {
    const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return words.split("\0").includes(argument);
  };
  if (!Number.isInteger(pid) || pid <= 1) return;
  for (let tries = 0; tries < 20 && (await isOurs()); tries++) {
    process.kill(pid, tries < 15 ? "SIGTERM" : "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await rm(pidFile, { force: true });
}
