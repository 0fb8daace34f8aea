/** What of a rendered chart is applied, and in which order: helm runs hooks around an installation, and here there is only one. */
import { isBlock, type KubeObject } from "../../cluster/kubernetes/manifest.ts";

/** Hooks of an installation, before and after it; all others belong to upgrades, removals and tests. */
const BEFORE = ["crd-install", "pre-install"];
const AFTER = ["post-install"];

/** In the order in which helm would have applied them. */
export function withoutHooks(objects: readonly KubeObject[]): readonly KubeObject[] {
  const hooks = objects.map((object) => ({ object, ...hookOf(object) }));
  const plain = hooks.filter(({ events }) => events.length === 0);
  const at = (wanted: readonly string[]) =>
    hooks.filter(({ events }) => events.some((event) => wanted.includes(event))).sort((a, b) => a.weight - b.weight);
  const before = at(BEFORE);
  const after = at(AFTER).filter((hook) => !before.includes(hook));
  return [...before, ...plain, ...after].map(({ object }) => object);
}

function hookOf({ metadata }: KubeObject): { readonly events: readonly string[]; readonly weight: number } {
  const annotations = isBlock(metadata["annotations"]) ? metadata["annotations"] : {};
  const events = String(annotations["helm.sh/hook"] ?? "")
    .split(",")
    .map((event) => event.trim())
    .filter((event) => event !== "");
  return { events, weight: Number(annotations["helm.sh/hook-weight"] ?? 0) || 0 };
}
