/** An object goes, if it is still the one that was looked at. */
import type { Api } from "./api.ts";

/** Its pods and whatever else it owns go after it. Rejects with ApiError: 404 when it is gone already, 409 when another one has its name now. */
export async function remove(path: string, uid: string, api: Pick<Api, "call">): Promise<void> {
  const options = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background", preconditions: { uid } };
  await api.call("DELETE", path, { type: "application/json", body: JSON.stringify(options) });
}
