/** Changes to manifests that somebody else published. What is to be changed must be there: a new layout of theirs is an error, not a guess. */
import { type Block, called, isBlock, type KubeObject } from "../../cluster/kubernetes/manifest.ts";

/** Which object is meant. */
export interface Which {
  readonly kind: string;
  readonly name: string;
}

/** The same objects, one of them changed. Throws TypeError when it is not there exactly once. */
export function changed(
  objects: readonly KubeObject[],
  { kind, name }: Which,
  change: (object: KubeObject) => KubeObject,
): readonly KubeObject[] {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1) throw missing(`${kind} ${name}`);
  return objects.map((object) => (object === found[0] ? change(object) : object));
}

export const missing = (what: string): TypeError =>
  new TypeError(`the manifests of this version have no ${what}, which is to be changed; write a version: that has it`);

/** A workload with one of its containers changed. Throws TypeError when it has no such container. */
export function withContainer(workload: KubeObject, name: string, change: (container: Block) => Block): KubeObject {
  const where = `container ${name} in ${called(workload)}`;
  const spec = blockIn(workload, "spec", where);
  const template = blockIn(spec, "template", where);
  const pod = blockIn(template, "spec", where);
  const { containers } = pod;
  if (!Array.isArray(containers) || !containers.some((one) => isBlock(one) && one["name"] === name)) throw missing(where);
  const after = containers.map((one: unknown) => (isBlock(one) && one["name"] === name ? change(one) : one));
  return { ...workload, spec: { ...spec, template: { ...template, spec: { ...pod, containers: after } } } };
}

function blockIn(block: Block, field: string, where: string): Block {
  const value = block[field];
  if (!isBlock(value)) throw missing(where);
  return value;
}

/** In place of those of the same names; values are texts. */
export function withEnvironment(container: Block, values: Readonly<Record<string, string>>): Block {
  const { env } = container;
  const others = Array.isArray(env) ? env.filter((one) => !(isBlock(one) && String(one["name"]) in values)) : [];
  return { ...container, env: [...others, ...Object.entries(values).map(([name, value]) => ({ name, value }))] };
}

/** The text of one of the files that were fetched for an add-on. */
export function fetchedText(fetched: ReadonlyMap<string, string>, path: string): string {
  const text = fetched.get(path);
  if (text === undefined) throw new TypeError(`${path} was not fetched`);
  return text;
}
