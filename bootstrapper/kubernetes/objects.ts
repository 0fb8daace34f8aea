/** What we read of the cluster's objects, and no more: lists of nodes, workloads and pods as values of ours. Total but for a list that is none. */
import { z } from "zod";

const text = z.string().catch("");
const condition = z.object({ type: z.string(), status: z.string(), reason: text, message: text, lastTransitionTime: text });
const conditions = z.array(condition).catch([]);
const texts = z.record(z.string(), z.string()).catch({});
const count = z.number().int().catch(0);
const metadata = z.object({
  name: z.string(),
  namespace: z.string().catch(""),
  uid: z.string().catch(""),
  generation: count,
  labels: texts,
  managedFields: z.array(z.object({ manager: z.string().catch(""), operation: z.string().catch(""), fieldsV1: z.unknown() })).catch([]),
});

const node = z.object({
  metadata,
  spec: z.object({ unschedulable: z.boolean().catch(false) }).catch({ unschedulable: false }),
  status: z
    .object({ conditions, nodeInfo: z.object({ kubeletVersion: z.string().catch("") }).catch({ kubeletVersion: "" }) })
    .catch({ conditions: [], nodeInfo: { kubeletVersion: "" } }),
});
export type Node = z.output<typeof node>;
export type Condition = z.output<typeof condition>;

const nothing = { conditions: [], observedGeneration: 0, replicas: 0, updatedReplicas: 0, availableReplicas: 0, readyReplicas: 0 };
const workload = z.object({
  kind: z.string().catch(""),
  metadata,
  spec: z.object({ replicas: z.number().int().catch(1), completions: z.number().int().catch(1) }).catch({ replicas: 1, completions: 1 }),
  status: z
    .object({
      conditions,
      observedGeneration: count,
      updatedReplicas: count,
      availableReplicas: count,
      readyReplicas: count,
      desiredNumberScheduled: count,
      updatedNumberScheduled: count,
      numberAvailable: count,
      succeeded: count,
    })
    .catch({ ...nothing, desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0, succeeded: 0 }),
});
export type WorkloadObject = z.output<typeof workload>;

const waiting = z.object({ reason: z.string().catch(""), message: z.string().catch("") });
const pod = z.object({
  metadata,
  spec: z
    .object({ nodeName: z.string().catch(""), containers: z.array(z.object({ image: z.string().catch("") })).catch([]) })
    .catch({ nodeName: "", containers: [] }),
  status: z
    .object({
      phase: z.string().catch(""),
      conditions,
      containerStatuses: z.array(z.object({ state: z.object({ waiting: waiting.optional() }).catch({}) })).catch([]),
    })
    .catch({ phase: "", conditions: [], containerStatuses: [] }),
});
export type Pod = z.output<typeof pod>;

const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) }).transform(({ items }) => items);
/** Each throws ZodError for what is none of these, or no list of them. */
export const nodeOf = (answer: unknown): Node => node.parse(answer);
export const isReady = ({ status }: Node): boolean => status.conditions.some(({ type, status }) => type === "Ready" && status === "True");
export const nodes = (answer: unknown): readonly Node[] => listOf(node).parse(answer);
export const pods = (answer: unknown): readonly Pod[] => listOf(pod).parse(answer);
/** Items of a list do not say their kind. */
export const workloads = (kind: string, answer: unknown): readonly WorkloadObject[] =>
  listOf(workload)
    .parse(answer)
    .map((one) => ({ ...one, kind }));
export const workloadOf = (answer: unknown): WorkloadObject => workload.parse(answer);
