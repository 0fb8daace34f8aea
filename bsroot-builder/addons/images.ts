/** The container images that objects of Kubernetes will make nodes pull, wherever in them their names stand. */
import { parseAllDocuments } from "yaml";
import { imageReference } from "../../cluster/image-reference.ts";
import { isBlock, type KubeObject } from "../../cluster/kubernetes/manifest.ts";

/** By whole name, once each. Throws TypeError for a name behind `image:` that is none. */
export function imagesOf(objects: readonly KubeObject[]): readonly string[] {
  const found = new Set<string>();
  // A definition says `image` of a field; and what its examples name, nobody pulls.
  for (const object of objects) if (object.kind !== "CustomResourceDefinition") collect(object, found);
  return [...found];
}

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isBlock(value)) {
    for (const [key, inside] of Object.entries(value)) {
      if (key === "image" && typeof inside === "string") {
        if (inside !== "") found.add(imageReference(inside).name);
      } else if ((key === "args" || key === "command") && Array.isArray(inside)) {
        for (const word of inside) addNamedBy(String(word), found);
      } else if (key === "data" && isBlock(inside)) {
        for (const text of Object.values(inside)) collectFromText(String(text), found);
      } else if (key === "value" && typeof inside === "string" && /image/i.test(String(value["name"]))) addWhole(inside, found);
      else collect(inside, found);
    }
  }
}

/** An operator is told of the images that it starts: `--acme-http01-solver-image=quay.io/jetstack/cert-manager-acmesolver:v1.21.2`. */
function addNamedBy(word: string, found: Set<string>): void {
  const [, value] = /^--?[\w-]*(?:image|reloader)[\w-]*=(\S+)$/.exec(word) ?? [];
  if (value !== undefined) addWhole(value, found);
}

/** Only what says where it comes from and which version it is; other settings are about images too. */
function addWhole(text: string, found: Set<string>): void {
  if (!/^[a-z0-9.-]+\.[a-z]+(:\d+)?\/[^\s:@]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/.test(text) || !/[:@][^/]+$/.test(text)) return;
  try {
    found.add(imageReference(text).name);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** A ConfigMap may hold a manifest that something in the cluster applies: the pods that local-path makes folders with. */
function collectFromText(text: string, found: Set<string>): void {
  if (!/\bimage\b/.test(text) || !/\bapiVersion\b/.test(text)) return;
  for (const document of parseAllDocuments(text)) {
    if (!("toJS" in document) || document.errors.length > 0) continue;
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (isBlock(value) && "apiVersion" in value && "kind" in value) collect(value, found);
  }
}
