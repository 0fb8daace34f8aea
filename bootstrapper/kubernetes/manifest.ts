/** YAML documents as objects of the Kubernetes API, and the order in which they are applied. Pure. */
import { parseAllDocuments } from "yaml";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** As they are written. Throws Error with what is wrong and in which document. */
export function readManifests(text: string): readonly Manifest[] {
  const all = parseAllDocuments(text);
  return (Array.isArray(all) ? all : []).flatMap((document, index) => {
    const [problem] = document.errors;
    if (problem) throw new Error(`document ${index + 1}: ${problem.message}`);
    return items(document.toJS({ maxAliasCount: 100 }) as unknown, `document ${index + 1}`);
  });
}

/** Namespaces first, then the kinds that others are of; the rest as it is. */
export function inOrder(objects: readonly Manifest[]): readonly Manifest[] {
  const first = FIRST.flatMap((kind) => objects.filter((one) => one.kind === kind));
  return [...first, ...objects.filter(({ kind }) => !FIRST.includes(kind))];
}
const FIRST = ["Namespace", "CustomResourceDefinition"];

function items(value: unknown, where: string): readonly Manifest[] {
  if (value === null || value === undefined) return [];
  const { apiVersion, kind, metadata, items: list } = value as { [name: string]: unknown };
  if (kind === "List" && Array.isArray(list)) return list.flatMap((one, index) => items(one, `${where}, item ${index + 1}`));
  const { name, namespace } = (metadata ?? {}) as { [name: string]: unknown };
  const whole = typeof apiVersion === "string" && typeof kind === "string" && typeof name === "string";
  if (!whole || !PLAIN.test(apiVersion) || !NAME.test(name)) throw new Error(`${where}: is no object with apiVersion, kind and a name`);
  if (namespace !== undefined && (typeof namespace !== "string" || !NAME.test(namespace)))
    throw new Error(`${where}: its namespace is no name`);
  return [value as Manifest];
}

/** They become parts of a URL's path. */
const PLAIN = /^([a-z0-9.-]+\/)?v[a-z0-9]+$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$/;
