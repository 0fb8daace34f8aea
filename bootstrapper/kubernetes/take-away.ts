/** What an add-on left behind, as the cluster has it now, and taken away. */
import { z } from "zod";
import { type Api, ApiError } from "./api.ts";
import { MANAGER } from "./labels.ts";
import { holdsMore, keyInWords, type Leftover, type ObjectKey } from "./leftovers.ts";
import { isAccountOfAll, leave } from "./pull-secrets.ts";
import { remove } from "./remove.ts";
import { ResourcePaths } from "./resources.ts";

type Caller = Pick<Api, "call">;

const found = z.object({
  metadata: z.object({
    uid: z.string(),
    deletionTimestamp: z.string().optional(),
    managedFields: z.array(z.object({ manager: z.string().catch("") })).catch([]),
  }),
});

/** Undefined: it is gone, or on its way. Rejects with ApiError. */
export async function seen(key: ObjectKey, paths: ResourcePaths, api: Caller): Promise<Leftover["is"] | undefined> {
  const there = await look(key, paths, api);
  if (!there || there.deletionTimestamp !== undefined) return undefined;
  if (isAccountOfAll(key)) return "ours"; // only what we put into it goes
  const managers = there.managedFields.map(({ manager }) => manager);
  const ours = managers.some((one) => one === MANAGER || one.startsWith(`${MANAGER}-`));
  if (!ours || managers.includes("kubeadm")) return "shared";
  return holdsMore(key) ? "data" : "ours";
}

/** Its pods and whatever else it owns go after it. Rejects with ApiError; done as well when it is gone already. */
export async function takeAway(key: ObjectKey, addOn: string, api: Caller): Promise<void> {
  const there = await look(key, new ResourcePaths(api), api);
  if (!there) return;
  const { path, uid } = there;
  if (isAccountOfAll(key)) return leave(path, `${MANAGER}-${addOn}`, api);
  try {
    await remove(path, uid, api);
  } catch (error) {
    const { status, message } = error as ApiError;
    if (status !== 404) throw new ApiError(`${keyInWords(key)}: ${message}`, status);
  }
}

async function look(key: ObjectKey, paths: ResourcePaths, api: Caller) {
  try {
    const path = await paths.pathOf(key);
    const parsed = found.safeParse(await api.call("GET", path));
    if (!parsed.success) throw new ApiError(`${keyInWords(key)}: the cluster answers with something that is no object`);
    return { path, ...parsed.data.metadata };
  } catch (error) {
    if ((error as ApiError).status === 404) return undefined;
    throw error;
  }
}
