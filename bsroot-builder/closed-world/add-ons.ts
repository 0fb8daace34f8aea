/** Whether what will be applied to the cluster is all there: every add-on of the description, its files as the index has them, images and addresses. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { type KubeObject, readManifest } from "../../cluster/kubernetes/manifest.ts";
import { type AddOnIndex, type AppliedAddOn, layout } from "../../cluster/layout.ts";
import { INDEX } from "../addons/add-on-index.ts";
import { addOnsOf, chartsOf } from "../addons/gather.ts";
import { imagesOf } from "../addons/images.ts";
import { clusterObjection, referencesIn } from "./manifests.ts";
import type { World } from "./references.ts";

export interface AddOnsFound {
  readonly images: readonly string[];
  readonly references: readonly string[];
  readonly problems: readonly string[];
}

/** `cluster` has no "current" any more. */
export async function addOnsFound(root: string, cluster: Cluster, world: World): Promise<AddOnsFound> {
  const wanted = [...addOnsOf(cluster).map(({ addOn }) => addOn.name), ...chartsOf(cluster).map(({ name }) => name)];
  if (wanted.length === 0) return { images: [], references: [], problems: [] };
  const index = await indexOf(root);
  if (typeof index === "string") return { images: [], references: [], problems: [`${INDEX}: ${index}`] };

  const there = new Set(index.addons.map(({ name }) => name));
  const problems = wanted.filter((name) => !there.has(name)).map((name) => `${INDEX}: has no ${name}, and the description asks for it`);
  const read = await Promise.all(index.addons.map((one) => readAddOn(root, one)));
  const namespaces = new Set(["default", "kube-system", ...read.flatMap(({ objects }) => objects.flatMap(namespacesOf))]);
  const references = new Set<string>();
  for (const { name, objects, problems: own } of read) {
    problems.push(...own);
    for (const url of referencesIn(objects)) {
      references.add(url);
      const because = clusterObjection(url, { ...world, cluster, namespaces });
      if (because !== undefined) problems.push(`add-on ${name}: ${url} ${because}`);
    }
  }
  return { images: [...new Set(read.flatMap(({ images }) => images))], references: [...references], problems };
}

const namespacesOf = ({ kind, metadata: { name, namespace } }: KubeObject): readonly string[] =>
  kind === "Namespace" ? [name] : namespace === undefined ? [] : [namespace];

async function indexOf(root: string): Promise<AddOnIndex | string> {
  try {
    return JSON.parse(await readFile(join(root, INDEX), "utf8")) as AddOnIndex;
  } catch (error) {
    return error instanceof SyntaxError
      ? "is no index of add-ons; build the bsroot again"
      : "is missing, and the description asks for add-ons";
  }
}

interface Read {
  readonly name: string;
  readonly objects: readonly KubeObject[];
  readonly images: readonly string[];
  readonly problems: readonly string[];
}

/** The images are those that the index names, and those that its files name. */
async function readAddOn(root: string, { name, files, images = [] }: AppliedAddOn): Promise<Read> {
  const objects: KubeObject[] = [];
  const problems: string[] = [];
  for (const { path, sha256, secret } of files) {
    const whole = `${secret ? layout.tls.addons : layout.addons}/${path}`;
    const text = await readFile(join(root, whole), "utf8").catch(() => undefined);
    if (text === undefined) problems.push(`add-on ${name}: ${whole} is missing`);
    else if (createHash("sha256").update(text).digest("hex") !== sha256)
      problems.push(`add-on ${name}: ${whole} is not what ${INDEX} says`);
    else objects.push(...readManifest(text));
  }
  return { name, objects, images: [...new Set([...images, ...imagesOf(objects)])], problems };
}
