/** Brings every wanted artifact into the bsroot, several at a time. */
import { deliver } from "./deliver.ts";
import type { Delivery, Wanted } from "./delivery.ts";
import { DownloadError, describe, messageOf } from "./error.ts";
import { type Group, groups } from "./groups.ts";
import { inParallel } from "./pool.ts";
import { inWords } from "./space.ts";

/** Goes on with the others when one fails; answers every failure, with file and URL. */
export async function download(wanted: readonly Wanted[], jobs: number, delivery: Delivery): Promise<readonly string[]> {
  const failures: string[] = [];
  const results = await inParallel(groups(wanted), jobs, async (group) => {
    const path = group.wanted[0]!.artifact.path;
    try {
      await deliver(group, delivery);
      delivery.progress.done(path, outcome(group, delivery));
    } catch (error) {
      if (!(error instanceof DownloadError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
      failures.push(describe(path, delivery.site.locate(group.url), group.url, messageOf(error)));
      delivery.progress.done(path, "failed");
    }
  });
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return failures.sort();
}

function outcome({ wanted }: Group, { lock }: Delivery): string {
  const size = Math.max(...wanted.map(({ artifact }) => lock.value.artifacts[artifact.path]?.size ?? 0));
  return `fetched ${inWords(size)}, ${wanted[0]!.because}`;
}
