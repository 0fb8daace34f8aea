/** Objects of an add-on as they are applied: which of them can be, and in which order. Pure. */
import { type KubeObject, readManifest } from "../../cluster/kubernetes/manifest.ts";

export type Manifest = KubeObject;

/** As they are written. Throws TypeError with what is wrong. */
export function readManifests(text: string): readonly Manifest[] {
  const objects = readManifest(text);
  for (const { apiVersion, kind, metadata } of objects) {
    const { name, namespace } = metadata;
    if (!VERSION.test(apiVersion)) throw new TypeError(`has the apiVersion "${apiVersion}", which is none`);
    if (!NAME.test(name)) throw new TypeError(`has a ${kind} with the name "${name}", which is none`);
    if (namespace !== undefined && !NAME.test(namespace)) throw new TypeError(`has a ${kind} in "${namespace}", which is no namespace`);
  }
  return objects;
}

/** They become parts of a URL's path. */
const VERSION = /^([a-z0-9.-]+\/)?v[a-z0-9]+$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$/;

/** Namespaces first, then the kinds that others are of; the rest as it is. */
export function inOrder(objects: readonly Manifest[]): readonly Manifest[] {
  const first = FIRST.flatMap((kind) => objects.filter((one) => one.kind === kind));
  return [...first, ...objects.filter(({ kind }) => !FIRST.includes(kind))];
}
const FIRST = ["Namespace", "CustomResourceDefinition"];
