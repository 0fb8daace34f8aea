/** What was fetched -> what is applied: the manifests of every add-on as files, their images, and the workloads that must be well. */
import type { Chart, Cluster } from "../../cluster/cluster.ts";
import { called, isBlock, type KubeObject, readManifest, writeManifest } from "../../cluster/kubernetes/manifest.ts";
import { layout, type Workload } from "../../cluster/layout.ts";
import { withoutHooks } from "./chart-hooks.ts";
import { addOnsOf, archiveOf, chartsOf, type WithContext } from "./gather.ts";
import { imagesOf } from "./images.ts";
import { inNamespace, withNamespace } from "./namespaces.ts";

export interface Prepared {
  readonly name: string;
  /** Namespaces and definitions of kinds, which the rest depends on. */
  readonly definitions: readonly KubeObject[];
  /** What must not be served. */
  readonly secrets: readonly KubeObject[];
  readonly objects: readonly KubeObject[];
  readonly workloads: readonly Workload[];
  readonly images: readonly string[];
}

/** Manifests that cannot be made: which add-on, and why. */
export class AddOnError extends Error {
  override readonly name = "AddOnError";
}

/** `fetched`: texts by the paths of addOnArtifacts; of a chart, what helm made of it. Throws AddOnError. */
export const prepareAddOns = (cluster: Cluster, fetched: ReadonlyMap<string, string>): readonly Prepared[] => [
  ...addOnsOf(cluster).map((one) => about(one.addOn.name, () => prepareAddOn(one, fetched))),
  ...chartsOf(cluster).map((chart) => about(`chart ${chart.name}`, () => prepareChart(chart, fetched.get(archiveOf(chart)) ?? ""))),
];

function about<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TypeError) throw new AddOnError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

function prepareAddOn({ addOn, context }: WithContext, fetched: ReadonlyMap<string, string>): Prepared {
  const made = addOn.manifests(context, fetched);
  const chart = addOn.chart?.(context);
  const objects = chart ? asChart(made, chart.namespace) : made;
  const images = [...new Set([...imagesOf(objects), ...(addOn.images?.(context, fetched) ?? [])])];
  return { ...sorted(addOn.name, objects), images, workloads: [...workloadsIn(objects), ...(addOn.workloads?.(context) ?? [])] };
}

function prepareChart({ name, namespace }: Chart, rendered: string): Prepared {
  const made = readManifest(rendered);
  if (made.length === 0) throw new TypeError("renders to nothing; its values turn everything off");
  const objects = asChart(made, namespace);
  return { ...sorted(name, objects), images: imagesOf(objects), workloads: workloadsIn(objects) };
}

const asChart = (objects: readonly KubeObject[], namespace: string): readonly KubeObject[] =>
  inNamespace(withNamespace(withoutHooks(objects), namespace), namespace);

function sorted(name: string, all: readonly KubeObject[]): Pick<Prepared, "name" | "definitions" | "secrets" | "objects"> {
  refuseTwins(all);
  const definitions = all.filter(({ kind }) => kind === "Namespace" || kind === "CustomResourceDefinition");
  const secrets = all.filter(isSecret);
  return { name, definitions, secrets, objects: all.filter((one) => !definitions.includes(one) && !secrets.includes(one)) };
}

/** An empty one is only a place for others to write to. */
const isSecret = ({ kind, data, stringData }: KubeObject): boolean =>
  kind === "Secret" && [data, stringData].some((part) => typeof part === "object" && part !== null && Object.keys(part).length > 0);

function refuseTwins(objects: readonly KubeObject[]): void {
  const seen = new Set<string>();
  for (const object of objects) {
    const key = `${object.apiVersion.replace(/\/?[^/]*$/, "")} ${called(object)}`;
    if (seen.has(key)) throw new TypeError(`has ${called(object)} twice, and nobody can tell which is meant`);
    seen.add(key);
  }
}

const WORKLOADS = ["Deployment", "DaemonSet", "StatefulSet", "Job"] as const;

const workloadsIn = (objects: readonly KubeObject[]): readonly Workload[] =>
  objects.filter(staysThere).flatMap(({ kind, metadata: { name, namespace = "default" } }) => {
    const known = WORKLOADS.find((one) => one === kind);
    return known ? [{ kind: known, namespace, name }] : [];
  });

/** Kubernetes deletes a Job with a time to live after it has ended, and nobody can tell then that it ended well. */
const staysThere = ({ kind, spec }: KubeObject): boolean =>
  kind !== "Job" || !isBlock(spec) || typeof spec["ttlSecondsAfterFinished"] !== "number";

/** Below the bsroot, each with its text; the secret ones are for `tls/`. In the order in which they are applied. */
export interface AddOnFile {
  readonly addOn: string;
  readonly path: string;
  readonly text: string;
  readonly secret?: true;
}

export function filesOf({ name, definitions, secrets, objects }: Prepared): readonly AddOnFile[] {
  const file = (folder: string, kind: string, inside: readonly KubeObject[]): readonly AddOnFile[] =>
    inside.length === 0 ? [] : [{ addOn: name, path: `${folder}/${name}/${kind}.yaml`, text: writeManifest(inside) }];
  return [
    ...file(layout.addons, "definitions", definitions),
    ...file(layout.tls.addons, "secrets", secrets).map((one) => ({ ...one, secret: true as const })),
    ...file(layout.addons, "objects", objects),
  ];
}
