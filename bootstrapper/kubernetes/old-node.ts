/** The Node of a machine that is about to join: of before its disk was written anew, or of an attempt that failed. */
import { type Api, ApiError } from "./api.ts";
import { isReady, nodeOf } from "./objects.ts";
import { remove } from "./remove.ts";

/**
 * kubeadm refuses to join beside a Node of its name that is Ready, as one is for most of a minute after its kubelet has ended. So it goes; one that is not
 * Ready stays, with the labels and taints that people gave it. Resolves with whether there was one. Rejects with ApiError.
 */
export async function removeReadyNode(name: string, api: Pick<Api, "call">): Promise<boolean> {
  const path = `/api/v1/nodes/${name}`;
  try {
    const node = nodeOf(await api.call("GET", path));
    if (!isReady(node)) return false;
    await remove(path, node.metadata.uid, api);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}
