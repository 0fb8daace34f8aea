/** What the API says of nodes and API servers, as values. Pure. */
import { isReady, nodes, pods } from "../kubernetes/objects.ts";
import type { NodeNow } from "./situation.ts";

export const NODES = "/api/v1/nodes";
export const API_SERVERS = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Dkube-apiserver";

/** `serves`: whether the API server on the node of this name says that it is ready. Throws ZodError for what are no such lists. */
export function observedNodes(nodeList: unknown, apiServers: unknown, serves: (node: string) => boolean): readonly NodeNow[] {
  const servers = new Map(
    pods(apiServers).flatMap(({ spec: { nodeName, containers } }) => {
      const release = containers.map(({ image }) => /:v(\d+\.\d+\.\d+)/.exec(image)?.[1]).find((tag) => tag !== undefined);
      return release === undefined ? [] : [[nodeName, release] as const];
    }),
  );
  return nodes(nodeList).map((node): NodeNow => {
    const { name } = node.metadata;
    const release = servers.get(name);
    return {
      name,
      ready: isReady(node),
      unschedulable: node.spec.unschedulable,
      kubelet: node.status.nodeInfo.kubeletVersion.replace(/^v|[-+].*$/g, ""),
      ...(release !== undefined && { apiServer: { release, ready: serves(name) } }),
    };
  });
}
