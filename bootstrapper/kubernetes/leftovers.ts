/** What add-ons put into the cluster that the bsroot no longer has, because the add-on is gone or another version of it has no such object. Pure. */
import type { Manifest } from "./manifest.ts";

/** An object without what is in it. */
export interface ObjectKey {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** `data`: more would go with it than the add-on put there. `shared`: kubeadm made it, or somebody has taken it over. */
export interface Leftover extends ObjectKey {
  readonly addOn: string;
  readonly is: "ours" | "data" | "shared";
}

/** What the store keeps of an add-on. `cluster`: when that was founded, for another one has none of it. */
export interface Applied {
  /** Of its bytes, or UNKNOWN. */
  readonly hash: string;
  readonly cluster: number;
  /** What was applied; absent in a store that an earlier release wrote, until somebody looks. */
  readonly objects?: readonly ObjectKey[];
  /** What was applied before that and is not among it. */
  readonly left?: readonly ObjectKey[];
}

/** Whether it is there as the bsroot has it nobody knows. */
export const UNKNOWN = "";

export const keyOf = ({ apiVersion, kind, metadata: { name, namespace } }: Manifest): ObjectKey => ({
  apiVersion,
  kind,
  name,
  ...(namespace !== undefined && { namespace }),
});

/** "Deployment demo/web" */
export const keyInWords = ({ kind, name, namespace }: ObjectKey): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;

/** The same object in whatever version of its group it is spoken of. */
const identity = ({ apiVersion, kind, name, namespace = "default" }: ObjectKey): string =>
  [apiVersion.includes("/") ? apiVersion.split("/")[0] : "", kind, namespace, name].join(" ");

export const without = (keys: readonly ObjectKey[], others: readonly ObjectKey[]): readonly ObjectKey[] => {
  const known = new Set(others.map(identity));
  return keys.filter((key) => !known.has(identity(key)));
};

/** The record of an add-on whose objects are these now. */
export function appliedNow(
  known: Applied | undefined,
  now: { readonly hash: string; readonly cluster: number },
  objects: readonly ObjectKey[],
): Applied {
  const before = known?.cluster === now.cluster ? [...(known.left ?? []), ...(known.objects ?? [])] : [];
  const left = distinct(without(before, objects));
  return { ...now, objects, ...(left.length > 0 && { left }) };
}

function distinct(keys: readonly ObjectKey[]): readonly ObjectKey[] {
  return [...new Map(keys.map((key) => [identity(key), key])).values()];
}

/** In the order in which they can go: last applied, first gone, but before all others what stands in the way of changes once its server is gone. */
export function leftBehind(
  applied: ReadonlyMap<string, Applied>,
  { addOns, cluster }: { /** The bsroot's. */ readonly addOns: readonly string[]; readonly cluster: number },
): readonly (ObjectKey & { readonly addOn: string })[] {
  const here = [...applied].filter(([, one]) => one.cluster === cluster);
  const current = here.flatMap(([name, { objects = [] }]) => (addOns.includes(name) ? objects : []));
  const all = here.flatMap(([addOn, { hash, objects = [], left = [] }]) => {
    if (!addOns.includes(addOn)) return without([...left, ...objects], current).map((key) => ({ ...key, addOn }));
    // Which of its objects stay is known when all of it is there.
    return hash === UNKNOWN ? [] : without(left, current).map((key) => ({ ...key, addOn }));
  });
  const last = all.reverse();
  return [...last.filter(standsInTheWay), ...last.filter((key) => !standsInTheWay(key))];
}

export const isAmong = (left: ReturnType<typeof leftBehind>, addOn: string, key: ObjectKey): boolean =>
  left.some((one) => one.addOn === addOn && identity(one) === identity(key));

const standsInTheWay = ({ kind, apiVersion }: ObjectKey): boolean =>
  apiVersion.startsWith("admissionregistration.k8s.io/") ||
  apiVersion.startsWith("apiregistration.k8s.io/") ||
  kind === "PodDisruptionBudget";

/** Whether more goes with it than the add-on put there: whatever is inside, or what an operator of the cluster keeps behind it. */
export const holdsMore = ({ kind, apiVersion }: ObjectKey): boolean => MORE.includes(kind) || !isBuiltIn(apiVersion);
const MORE = ["Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume"];

/** Groups of Kubernetes itself; others are those of custom resources. https://kubernetes.io/docs/reference/using-api/#api-groups */
const isBuiltIn = (apiVersion: string): boolean => {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0]! : "";
  return !group.includes(".") || OWN.includes(group);
};
const OWN = [
  "admissionregistration.k8s.io",
  "apiregistration.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
];
