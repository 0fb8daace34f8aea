/** What a download works with: where things go, what is remembered, and the tools to fetch. */
import type { Artifact } from "../../cluster/extension.ts";
import type { LockedArtifact } from "../../cluster/layout.ts";
import type { GrowingLock } from "../write/lock-file.ts";
import type { Notes } from "../write/notes.ts";
import type { Cache } from "./cache.ts";
import type { FetchTools } from "./fetch.ts";
import type { Progress } from "./progress.ts";
import type { SmallFiles } from "./small.ts";

export interface Site {
  /** The bsroot, absolute. */
  readonly root: string;
  readonly notes: Notes;
  /** The http(s) or file URL behind an artifact's URL. */
  locate(url: string): string;
}

export interface Delivery {
  readonly site: Site;
  readonly lock: GrowingLock;
  readonly tools: FetchTools;
  readonly small: SmallFiles;
  readonly cache: Cache;
  readonly progress: Progress;
  now(): Date;
}

/** An artifact that is not in its place. */
export interface Wanted {
  readonly artifact: Artifact;
  /** What the lock says its bytes are. */
  readonly pin?: LockedArtifact;
  readonly because: string;
}
