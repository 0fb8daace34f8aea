/** Which pods leave a node that is drained, and in which words the cluster is asked to let them go. Pure. */
import { z } from "zod";
import { compare } from "../../cluster/kubernetes/version.ts";

const texts = z.record(z.string(), z.string()).catch({});
const owners = z.array(z.object({ kind: z.string().catch(""), controller: z.boolean().catch(false) })).catch([]);
const pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    annotations: texts,
    ownerReferences: owners,
    deletionTimestamp: z.string().optional().catch(undefined),
  }),
  status: z.object({ phase: z.string().catch("") }).catch({ phase: "" }),
});
export type DrainedPod = z.output<typeof pod>;

/** Throws ZodError for what is no list of pods. */
export const podsOn = (answer: unknown): readonly DrainedPod[] => z.object({ items: z.array(pod) }).parse(answer).items;

export interface Leaving {
  readonly evicted: readonly DrainedPod[];
  /** Nobody would start them anywhere again. */
  readonly alone: readonly DrainedPod[];
}

/** Static pods and those of DaemonSets belong to their node; what has ended needs nobody's leave. */
export function leaving(pods: readonly DrainedPod[]): Leaving {
  const guests = pods.filter(({ metadata: { annotations, ownerReferences }, status: { phase } }) => {
    const ended = phase === "Succeeded" || phase === "Failed";
    return (
      !ended &&
      !("kubernetes.io/config.mirror" in annotations) &&
      !ownerReferences.some(({ kind, controller }) => controller && kind === "DaemonSet")
    );
  });
  const isOwned = ({ metadata }: DrainedPod): boolean => metadata.ownerReferences.some(({ controller }) => controller);
  return { evicted: guests.filter(isOwned), alone: guests.filter((one) => !isOwned(one)) };
}

export const nameOf = ({ metadata: { namespace, name } }: DrainedPod): string => `${namespace}/${name}`;
export const evictionPath = ({ metadata: { namespace, name } }: DrainedPod): string =>
  `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;

/** `release`: the API servers'. policy/v1 is there since 1.22. The uid keeps a pod of the same name elsewhere out of it. */
export const eviction = ({ metadata: { name, namespace, uid } }: DrainedPod, release: string): object => ({
  apiVersion: compare(release, "1.22") >= 0 ? "policy/v1" : "policy/v1beta1",
  kind: "Eviction",
  metadata: { name, namespace },
  deleteOptions: { preconditions: { uid } },
});
