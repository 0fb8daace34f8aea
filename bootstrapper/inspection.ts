/** Looks through a bsroot for what does not agree with its manifest: sizes at once, bytes in the background. */
import { type Bsroot, certificateProblems, difference, glance } from "./bsroot.ts";
import type { Journal } from "./journal.ts";

const REPAIR = "copy the bsroot here again, or run bsroot-builder verify on it";

/** What can be seen in a moment. */
export async function look(bsroot: Bsroot, address: string, now: number): Promise<readonly string[]> {
  const problems = await glance(bsroot);
  return [...bsroot.warnings, ...certificateProblems(bsroot, address, now), ...problems.map((problem) => `${problem}; ${REPAIR}`)];
}

/** Reads every file once, and journals what was found. Ends early when `signal` says so. */
export async function inspect(bsroot: Bsroot, journal: Journal, signal: AbortSignal): Promise<void> {
  let bytes = 0;
  let differing = 0;
  for (const file of bsroot.files) {
    const problem = await difference(bsroot, file, signal);
    if (signal.aborted) return;
    bytes += file.size;
    if (!problem) continue;
    differing += 1;
    journal({ from: "appliance", level: "warning", text: `${problem}; ${REPAIR}` });
  }
  const all = `${bsroot.files.length} files of the bsroot, ${Math.ceil(bytes / 1e6)} MB`;
  journal({
    from: "appliance",
    level: differing > 0 ? "warning" : "info",
    text: differing > 0 ? `${differing} of ${all}, are not what the manifest says` : `${all}, are what the manifest says`,
  });
}
