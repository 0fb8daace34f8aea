/** What the API says of nodes and API servers, as values. Pure. */
import { z } from "zod";
import type { NodeNow } from "./situation.ts";

const condition = z.object({ type: z.string(), status: z.string() });
const node = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ unschedulable: z.boolean().catch(false) }).catch({ unschedulable: false }),
  status: z
    .object({ conditions: z.array(condition).catch([]), nodeInfo: z.object({ kubeletVersion: z.string() }).catch({ kubeletVersion: "" }) })
    .catch({ conditions: [], nodeInfo: { kubeletVersion: "" } }),
});
const pod = z.object({
  spec: z.object({ nodeName: z.string().catch(""), containers: z.array(z.object({ image: z.string().catch("") })).catch([]) }),
});
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

export const NODES = "/api/v1/nodes";
export const API_SERVERS = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Dkube-apiserver";

/** `isReady`: whether the API server on the node of this name says so. Throws ZodError for what are no such lists. */
export function observedNodes(nodes: unknown, apiServers: unknown, isReady: (node: string) => boolean): readonly NodeNow[] {
  const servers = new Map(
    listOf(pod)
      .parse(apiServers)
      .items.flatMap(({ spec: { nodeName, containers } }) => {
        const release = containers.map(({ image }) => /:v(\d+\.\d+\.\d+)/.exec(image)?.[1]).find((tag) => tag !== undefined);
        return release === undefined ? [] : [[nodeName, release] as const];
      }),
  );
  return listOf(node)
    .parse(nodes)
    .items.map(({ metadata: { name }, spec, status }): NodeNow => {
      const release = servers.get(name);
      return {
        name,
        ready: status.conditions.some((one) => one.type === "Ready" && one.status === "True"),
        unschedulable: spec.unschedulable,
        kubelet: status.nodeInfo.kubeletVersion.replace(/^v|[-+].*$/g, ""),
        ...(release !== undefined && { apiServer: { release, ready: isReady(name) } }),
      };
    });
}
