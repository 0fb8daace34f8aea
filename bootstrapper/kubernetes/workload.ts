/** Whether a workload does what it is for, in words when it does not. Pure. */
import type { WorkloadObject } from "./objects.ts";

/** Undefined: it is well. */
export function lacks(object: WorkloadObject): string | undefined {
  const { kind, metadata, spec, status } = object;
  const failed = status.conditions.find(({ type, status }) => status === "True" && (type === "Failed" || type === "ReplicaFailure"));
  if (failed) return `it fails: ${failed.message || failed.reason}`;
  if (kind === "Job") {
    const complete = status.conditions.some((one) => one.type === "Complete" && one.status === "True");
    return complete ? undefined : `it has not ended: ${status.succeeded} of ${spec.completions} done`;
  }
  if (status.observedGeneration < metadata.generation) return "nobody has begun with it yet";
  switch (kind) {
    case "DaemonSet":
      return short(Math.min(status.numberAvailable, status.updatedNumberScheduled), status.desiredNumberScheduled, "run");
    case "StatefulSet":
      return short(Math.min(status.readyReplicas, status.updatedReplicas || status.readyReplicas), spec.replicas, "are ready");
    default:
      return short(Math.min(status.availableReplicas, status.updatedReplicas), spec.replicas, "are available");
  }
}

const short = (there: number, wanted: number, what: string): string | undefined =>
  there >= wanted ? undefined : `${there} of ${wanted} pods ${what}`;
