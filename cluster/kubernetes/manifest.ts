/** Manifests of Kubernetes as values: read and written as the API server reads YAML, which is not quite as YAML 1.2 says. */
import { Document, parseAllDocuments, type Tags, visit } from "yaml";

export type Block = Readonly<Record<string, unknown>>;

/** One object of the API, as far as everybody needs it. */
export interface KubeObject extends Block {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Block & { readonly name: string; readonly namespace?: string };
}

/** Namespaces that every cluster has. */
export const NAMESPACES_OF_ALL: readonly string[] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Every object in the text, lists taken apart, in its order. Throws TypeError for what is no manifest. */
export function readManifest(text: string): readonly KubeObject[] {
  return parseAllDocuments(text, { version: "1.1", customTags: withoutTimes }).flatMap((document, index) => {
    if (!("toJS" in document)) return [];
    const [error] = document.errors;
    if (error) throw new TypeError(`is no YAML in document ${index + 1}: ${error.message.split("\n")[0]}`);
    return objectsOf(document.toJS({ maxAliasCount: 100 }), index + 1);
  });
}

/** Kubernetes reads YAML 1.1, where 0400 is octal and yes is true; but its parser knows neither dates nor numbers of base sixty. */
const withoutTimes = (tags: Tags): Tags =>
  tags.filter((tag) => typeof tag === "string" || (!tag.tag.endsWith(":timestamp") && tag.format !== "TIME"));

function objectsOf(value: unknown, document: number): readonly KubeObject[] {
  if (value === null || value === undefined) return [];
  if (isBlock(value) && /List$/.test(String(value["kind"])) && Array.isArray(value["items"]))
    return value["items"].flatMap((item) => objectsOf(item, document));
  if (!isObject(value)) throw new TypeError(`has no apiVersion, kind and metadata.name in document ${document}`);
  return [value];
}

export const isBlock = (value: unknown): value is Block => typeof value === "object" && value !== null && !Array.isArray(value);

const isObject = (value: unknown): value is KubeObject =>
  isBlock(value) &&
  typeof value["apiVersion"] === "string" &&
  typeof value["kind"] === "string" &&
  isBlock(value["metadata"]) &&
  typeof value["metadata"]["name"] === "string";

/** One document for each; the same objects make the same text. What YAML 1.1 or 1.2 would take for something else is in quotes. */
export const writeManifest = (objects: readonly KubeObject[]): string => objects.map((object) => `---\n${written(object)}`).join("");

function written(object: KubeObject): string {
  const document = new Document(object, { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, scalar) => {
      // Octal in 1.2, and plain text before.
      if (typeof scalar.value === "string" && /^0o[0-7]/.test(scalar.value)) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0, directives: false });
}

/** "DaemonSet kube-system/kube-proxy", for people. */
export const called = ({ kind, metadata: { namespace, name } }: KubeObject): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
