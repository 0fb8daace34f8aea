/** Which exact release "current" means: what has to be asked, and of whom. */
import type { Cluster } from "../cluster/cluster.ts";
import type { VersionQuery } from "../cluster/extension.ts";
import { releaseQuestions } from "../cluster/kubernetes/releases.ts";
import { osChoices } from "../cluster/queries.ts";
import { lockKey } from "../cluster/resolve.ts";
import type { Registry } from "./gather.ts";

export interface Question {
  /** As in Lock.versions: "flatcar/stable/amd64". */
  readonly key: string;
  readonly query: VersionQuery;
}

/**
 * Every "current" of this description, whether or not the lock already knows it. `known`: what it does know; an answer may raise further questions,
 * as what a Kubernetes release needs can be asked once it is known which it is.
 */
export function questions(cluster: Cluster, registry: Registry, known: Readonly<Record<string, string>>): readonly Question[] {
  const systems = osChoices(cluster).flatMap(({ os, architecture }) => {
    const key = lockKey(os, architecture);
    const query = key === undefined ? undefined : registry.osTarget(os).latest(os, architecture);
    return key !== undefined && query ? [{ key, query }] : [];
  });
  return [...systems, ...releaseQuestions(cluster, known)];
}
