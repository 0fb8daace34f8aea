/** Fetches what the add-ons of a cluster are made of, and makes their manifests. */
import type { Cluster } from "../../cluster/cluster.ts";
import type { Artifact, Index } from "../../cluster/extension.ts";
import type { Delivery } from "../download/delivery.ts";
import { type Listed, readLists } from "../download/lists.ts";
import { addOnArtifacts } from "./gather.ts";
import { type Prepared, prepareAddOns } from "./prepare.ts";
import { readFetched } from "./read-fetched.ts";

export interface Made {
  readonly prepared: readonly Prepared[];
  /** With failures nothing was prepared. */
  readonly listed: Listed;
}

/** `cluster` has no "current" any more; `path`: where programs are looked for. Throws AddOnError. */
export async function makeAddOns(
  cluster: Cluster,
  jobs: number,
  locked: boolean,
  path: string | undefined,
  delivery: Delivery,
): Promise<Made> {
  const listed = await readLists(addOnArtifacts(cluster).map(asItCame), jobs, locked, delivery);
  if (listed.failures.length > 0) return { prepared: [], listed };
  return { prepared: prepareAddOns(cluster, await readFetched(delivery.site.root, cluster, path)), listed };
}

/** Fetched before anything else; it names nothing by itself. */
const asItCame = (artifact: Artifact): Index => ({ artifact, read: () => ({ artifacts: [], indexes: [] }) });
