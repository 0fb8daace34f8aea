/**
 * The Secrets that a namespace's ServiceAccount `default` pulls images with. Others put theirs there too, and the list is atomic to the API: whoever
 * applies it replaces it whole. So it is read, and written back with ours among the others'.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/service-account-v1/
 */
import { z } from "zod";
import { type Api, ApiError } from "./api.ts";
import type { Manifest } from "./manifest.ts";

/** Which of them we put there, by their names with blanks between: those that are ours no more are taken out again. */
const OURS = "sextant/image-pull-secrets";
/** Others write the object too, and each may come between. */
const TRIES = 5;

const named = z.array(z.looseObject({ name: z.string().optional() })).nullish();
const account = z.object({
  metadata: z.object({ resourceVersion: z.string(), annotations: z.record(z.string(), z.string()).nullish() }),
  imagePullSecrets: named,
});
type Account = z.output<typeof account>;

/** It is there in every namespace, whoever writes it. */
export const isAccountOfAll = ({ kind, name }: { readonly kind: string; readonly name: string }): boolean =>
  kind === "ServiceAccount" && name === "default";

export const joins = ({ kind, metadata, imagePullSecrets }: Manifest): boolean =>
  isAccountOfAll({ kind, name: metadata.name }) && Array.isArray(imagePullSecrets);

/** The object is there. Rejects with ApiError. */
export const join = (manifest: Manifest, path: string, manager: string, api: Pick<Api, "call">): Promise<void> =>
  name(namesIn(named.parse(manifest["imagePullSecrets"])), path, manager, api);

/** None of its Secrets is ours any more; the others' stay. Rejects with ApiError. */
export const leave = (path: string, manager: string, api: Pick<Api, "call">): Promise<void> => name([], path, manager, api);

async function name(wanted: readonly string[], path: string, manager: string, api: Pick<Api, "call">): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const found = account.safeParse(await api.call("GET", path));
    if (!found.success) throw new ApiError("the cluster answers with something that is no ServiceAccount");
    const patch = joined(found.data, wanted);
    if (!patch) return;
    try {
      await api.call("PATCH", `${path}?fieldManager=${manager}`, { type: "application/merge-patch+json", body: JSON.stringify(patch) });
      return;
    } catch (error) {
      if ((error as ApiError).status !== 409 || tries === TRIES) throw error;
    }
  }
}

/** With the version it is for, so that nothing is lost that came in between; undefined when it is so already. */
export function joined({ metadata, imagePullSecrets }: Account, wanted: readonly string[]): object | undefined {
  const there = imagePullSecrets ?? [];
  const before = metadata.annotations?.[OURS] ?? "";
  const gone = before.split(" ").filter((name) => name !== "" && !wanted.includes(name));
  const kept = there.filter(({ name }) => name === undefined || !gone.includes(name));
  const missing = wanted.filter((name) => !kept.some((one) => one.name === name));
  const ours = wanted.join(" ");
  if (missing.length === 0 && kept.length === there.length && before === ours) return undefined;
  return {
    metadata: { resourceVersion: metadata.resourceVersion, annotations: { [OURS]: ours } },
    imagePullSecrets: [...kept, ...missing.map((name) => ({ name }))],
  };
}

const namesIn = (list: z.output<typeof named>): readonly string[] => (list ?? []).flatMap(({ name }) => name ?? []);
