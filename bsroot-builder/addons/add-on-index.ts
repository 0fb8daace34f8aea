/** index.json of the add-ons as text, and back: written so that the same add-ons make the same bytes. */
import { createHash } from "node:crypto";
import { type AddOnIndex, type AppliedAddOn, layout } from "../../cluster/layout.ts";
import { type AddOnFile, filesOf, type Prepared } from "./prepare.ts";

export const INDEX = `${layout.addons}/index.json`;

export function formatIndex(addOns: readonly Prepared[]): string {
  const index: AddOnIndex = {
    version: 1,
    addons: addOns.map(
      (one): AppliedAddOn => ({ name: one.name, files: filesOf(one).map(entry), workloads: one.workloads, images: one.images }),
    ),
  };
  return `${JSON.stringify(index, null, 1)}\n`;
}

/** What of the add-ons anybody may read: their manifests and the index. */
export const servedTexts = (addOns: readonly Prepared[]): readonly { readonly path: string; readonly text: string }[] =>
  addOns.length === 0 ? [] : [...addOns.flatMap(filesOf).filter(({ secret }) => !secret), { path: INDEX, text: formatIndex(addOns) }];

const entry = ({ path, text, secret }: AddOnFile): AppliedAddOn["files"][number] => ({
  path: path.slice((secret ? layout.tls.addons : layout.addons).length + 1),
  sha256: createHash("sha256").update(text).digest("hex"),
  ...(secret && { secret }),
});
