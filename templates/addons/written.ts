/** Manifests that are written here, as templates. */
import { type KubeObject, readManifest } from "../../cluster/kubernetes/manifest.ts";
import { render } from "../render.ts";

/** `name` is a template's path below templates/addons, without its endings: "flannel/flannel". */
export const written = (name: string, values: object): readonly KubeObject[] => readManifest(render(`addons/${name}.yaml.eta`, values));

/** For a template, which cannot tell yes from no by their words. */
export const isYes = (setting: string | undefined): boolean => setting === "yes";
