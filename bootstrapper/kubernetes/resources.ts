/** Where in the API the objects of a kind are, as the API itself says. https://kubernetes.io/docs/reference/using-api/api-concepts/#discovery-api */
import { z } from "zod";
import { type Api, ApiError } from "./api.ts";
import type { ObjectKey } from "./leftovers.ts";

const resourceList = z.object({ resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })) });
type Resources = z.output<typeof resourceList>["resources"];

export class ResourcePaths {
  readonly #api: Pick<Api, "call">;
  readonly #known = new Map<string, Promise<Resources>>();

  constructor(api: Pick<Api, "call">) {
    this.#api = api;
  }

  /** Rejects with ApiError; for a kind that the cluster does not have, with status 404. */
  async pathOf({ apiVersion, kind, name, namespace = "default" }: ObjectKey): Promise<string> {
    const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resources = await this.#resources(group).catch((error: ApiError) => {
      if (error.status === 404) return [];
      throw error;
    });
    const found = resources.find((one) => one.kind === kind && !one.name.includes("/"));
    if (!found) {
      this.#known.delete(group); // a definition that is just being established
      throw new ApiError(`the cluster has no ${kind} of ${apiVersion}`, 404);
    }
    return `${group}/${found.namespaced ? `namespaces/${namespace}/` : ""}${found.name}/${name}`;
  }

  #resources(group: string): Promise<Resources> {
    const known = this.#known.get(group) ?? this.#api.call("GET", group).then((answer) => resourceList.parse(answer).resources);
    this.#known.set(group, known);
    known.catch(() => this.#known.delete(group));
    return known;
  }
}
