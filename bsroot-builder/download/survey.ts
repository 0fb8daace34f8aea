/** Which artifacts a bsroot already holds, and why the others must be fetched. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Artifact } from "../../cluster/extension.ts";
import type { Lock, LockedArtifact } from "../../cluster/layout.ts";
import { pinOf } from "../lock.ts";
import { sha256Of } from "../write/hash.ts";
import { type Look, lookAt, looksTheSame } from "../write/notes.ts";
import type { Site, Wanted } from "./delivery.ts";
import { isLocal } from "./mirrors.ts";

export interface Survey {
  readonly kept: readonly Artifact[];
  readonly wanted: readonly Wanted[];
}

/** Reads only files whose size or time changed since the last build. */
export async function survey(artifacts: readonly Artifact[], lock: Lock, site: Site): Promise<Survey> {
  const kept: Artifact[] = [];
  const wanted: Wanted[] = [];
  for (const artifact of artifacts) {
    const pin = pinOf(lock, artifact);
    const because = pin ? await reasonToFetch(artifact, pin, site) : "it is new";
    if (because === undefined) kept.push(artifact);
    else wanted.push({ artifact, because, ...(pin && because !== SOURCE_CHANGED && { pin }) });
  }
  return { kept, wanted };
}

const SOURCE_CHANGED = "its source was changed";

async function reasonToFetch(artifact: Artifact, pin: LockedArtifact, { root, notes, locate }: Site): Promise<string | undefined> {
  const path = join(root, artifact.path);
  const note = notes.get(artifact.path);
  if (artifact.verify.by === "first-use" && isLocal(artifact.url) && note?.source) {
    const now = await lookAtSource(locate(artifact.url));
    if (now && !looksTheSame(now, note.source)) return SOURCE_CHANGED;
  }
  const look = await lookAt(path);
  if (!look) return "it is missing";
  if (looksTheSame(look, note) && note?.sha256 === pin.sha256) return undefined;
  if (look.size !== pin.size || (await sha256Of(path)) !== pin.sha256) return "it was changed on disk";
  await notes.set(artifact.path, { ...look, sha256: pin.sha256, ...(note?.source && { source: note.source }) });
  return undefined;
}

/** How a local source looks; undefined for one that is elsewhere or not there now. */
export async function lookAtSource(url: string): Promise<Look | undefined> {
  if (!url.startsWith("file:")) return undefined;
  const found = await stat(fileURLToPath(url)).catch(() => undefined);
  return found && { size: found.size, mtimeMs: found.mtimeMs };
}
