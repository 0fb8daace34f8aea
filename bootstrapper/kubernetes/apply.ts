/** Applies the objects of an add-on by server-side apply: again and again is the same as once. */
import { type Api, ApiError } from "./api.ts";
import { MANAGER } from "./labels.ts";
import { keyOf, type ObjectKey } from "./leftovers.ts";
import type { Manifest } from "./manifest.ts";
import { join, joins } from "./pull-secrets.ts";
import { ResourcePaths } from "./resources.ts";

/** Milliseconds that the API may take to know a kind whose definition it was just given, and between two looks. */
const ESTABLISHED = 20_000;
const AGAIN = 250;

type Caller = Pick<Api, "call">;

/** One after the other, as they stand. Rejects with ApiError at the first that is refused. `addOn`: whose they are; `done` is told of each. */
export async function applyAll(manifests: readonly Manifest[], addOn: string, api: Caller, done: (key: ObjectKey) => void): Promise<void> {
  const paths = new ResourcePaths(api);
  const defines = manifests.some(({ kind }) => kind === "CustomResourceDefinition");
  for (const manifest of manifests) {
    const { kind, metadata } = manifest;
    try {
      const key = keyOf(manifest);
      const path = await (defines ? patiently(() => paths.pathOf(key)) : paths.pathOf(key));
      await howOf(manifest, addOn)(manifest, path, api);
      done(key);
    } catch (error) {
      const { message, status } = error as ApiError;
      // What an API server says of a Secret may have some of it.
      const because = kind === "Secret" && status !== undefined ? `the cluster refuses it with ${status}` : message;
      throw new ApiError(`${kind} ${metadata.name}: ${because}`, status);
    }
  }
}

type How = (manifest: Manifest, path: string, api: Caller) => Promise<unknown>;

function howOf(manifest: Manifest, addOn: string): How {
  const own = `${MANAGER}-${addOn}`;
  if (manifest.apiVersion.startsWith("apiregistration.k8s.io/")) return merge;
  // Several add-ons may be in one namespace: none of them takes away what another says of it.
  if (manifest.kind === "Namespace") return (object, path, api) => put(object, path, api, own);
  if (!joins(manifest)) return put;
  return async ({ imagePullSecrets, ...rest }, path, api) => {
    await put(rest, path, api, own);
    await join(manifest, path, own, api);
  };
}

/** YAML is what this type is called; JSON is YAML. https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
export const put = (object: object, path: string, api: Caller, manager = MANAGER): Promise<unknown> =>
  api.call("PATCH", `${path}?fieldManager=${manager}&force=true`, { type: "application/apply-patch+yaml", body: JSON.stringify(object) });

/** The aggregator of older releases, 1.20 among them, panics at server-side apply and breaks off. What it has is merged with, or made. */
async function merge(object: object, path: string, api: Caller): Promise<unknown> {
  const body = JSON.stringify(object);
  try {
    return await api.call("PATCH", `${path}?fieldManager=${MANAGER}`, { type: "application/merge-patch+json", body });
  } catch (error) {
    if ((error as ApiError).status !== 404) throw error;
    const collection = path.slice(0, path.lastIndexOf("/"));
    return api.call("POST", `${collection}?fieldManager=${MANAGER}`, { type: "application/json", body });
  }
}

/** While it is not found: a new kind is served a moment after its definition was taken. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += AGAIN) {
    try {
      return await work();
    } catch (error) {
      if ((error as ApiError).status !== 404 || waited >= ESTABLISHED) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}
