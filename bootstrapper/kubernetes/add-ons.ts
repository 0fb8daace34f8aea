/** The cluster's add-ons: applied in order, each once as long as its bytes are the same, and only when the one before it is well. */
import { createHash } from "node:crypto";
import { type AddOnIndex, type AppliedAddOn, layout, type Workload } from "../../cluster/layout.ts";
import type { Journal } from "../journal.ts";
import type { Table } from "../store/store.ts";
import { contentHash, parseIndex } from "./add-on-index.ts";
import type { Api, ApiError } from "./api.ts";
import { applyAll } from "./apply.ts";
import { inOrder, type Manifest, readManifests } from "./manifest.ts";
import { workloadOf } from "./objects.ts";
import { lacks } from "./workload.ts";

/** What the store keeps of each. `cluster`: when that was founded, for another one has none of it. */
export interface Applied {
  readonly hash: string;
  readonly cluster: number;
}

export interface AddOnStanding {
  readonly name: string;
  /** `waits` for those before it, `refused` by the cluster, `starts`: applied, and not all of it runs. */
  readonly is: "waits" | "refused" | "starts" | "well";
  readonly because: string;
}

export interface AddOnsSettings {
  /** The bytes of a file that the manifest lists, checked against it; undefined when it lists none. Rejects when they differ. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  readonly table: Table<Applied>;
  readonly applied: ReadonlyMap<string, Applied>;
  readonly journal: Journal;
}

export class AddOns {
  readonly #settings: AddOnsSettings;
  readonly #applied: Map<string, Applied>;
  #standing: readonly AddOnStanding[] = [];
  #said = "";

  constructor(settings: AddOnsSettings) {
    this.#settings = settings;
    this.#applied = new Map(settings.applied);
  }

  /** In their order, as they were at the last look. */
  get standing(): readonly AddOnStanding[] {
    return this.#standing;
  }

  /** Goes on where it can. Never rejects: what is in the way is said. `cluster`: when it was founded. */
  async proceed(api: Api, cluster: number): Promise<void> {
    try {
      const { addons } = await this.#index();
      const standing: AddOnStanding[] = [];
      for (const addon of addons) {
        const before = standing.find(({ is }) => is !== "well");
        standing.push(await this.#one(addon, before?.name, api, cluster));
      }
      this.#standing = standing;
      this.#say("");
    } catch (error) {
      this.#say(`add-ons are not applied: ${(error as Error).message}`);
    }
  }

  async #index(): Promise<AddOnIndex> {
    const path = `${layout.addons}/index.json`;
    const bytes = await this.#settings.readFile(path);
    if (!bytes) return { version: 1, addons: [] };
    try {
      return parseIndex(bytes);
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}; build the bsroot again`);
    }
  }

  async #one(addon: AppliedAddOn, before: string | undefined, api: Api, cluster: number): Promise<AddOnStanding> {
    const { name } = addon;
    const hash = contentHash(addon);
    const known = this.#applied.get(name);
    if (known?.hash !== hash || known.cluster !== cluster) {
      if (before !== undefined) return { name, is: "waits", because: `${before} is not well yet` };
      try {
        await applyAll(await this.#manifests(addon), name, api);
      } catch (error) {
        return { name, is: "refused", because: (error as ApiError).message };
      }
      const applied = { hash, cluster };
      await this.#settings.table.put(name, applied);
      this.#applied.set(name, applied);
      this.#tell("info", `add-on ${name} applied${known?.cluster === cluster ? ": the bsroot has another one than before" : ""}`);
    }
    return this.#look(addon, api);
  }

  async #manifests({ files }: AppliedAddOn): Promise<readonly Manifest[]> {
    const all: Manifest[] = [];
    for (const { path, sha256, secret } of files) {
      const place = `${secret ? layout.tls.addons : layout.addons}/${path}`;
      const bytes = await this.#settings.readFile(place);
      const right = bytes && createHash("sha256").update(bytes).digest("hex") === sha256;
      if (!right)
        throw new Error(`${place} is ${bytes ? "another one than index.json means" : "not in manifest.json"}; build the bsroot again`);
      try {
        all.push(...readManifests(Buffer.from(bytes).toString("utf8")));
      } catch (error) {
        throw new Error(`${place} ${(error as Error).message}`);
      }
    }
    return inOrder(all);
  }

  async #look({ name, workloads }: AppliedAddOn, api: Api): Promise<AddOnStanding> {
    const missing: string[] = [];
    for (const workload of workloads) {
      const what = await missingOf(workload, api);
      if (what) missing.push(`${workload.kind} ${workload.namespace}/${workload.name}: ${what}`);
    }
    return missing.length === 0 ? { name, is: "well", because: "all of it runs" } : { name, is: "starts", because: missing.join("; ") };
  }

  #say(text: string): void {
    if (text !== this.#said && text !== "") this.#tell("warning", text);
    this.#said = text;
  }

  #tell(level: "info" | "warning", text: string): void {
    this.#settings.journal({ from: "kubernetes", level, text });
  }
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/ */
const GROUPS = { Deployment: "apps", DaemonSet: "apps", StatefulSet: "apps", Job: "batch" } as const;

async function missingOf({ kind, namespace, name }: Workload, api: Api): Promise<string | undefined> {
  try {
    const object = workloadOf(await api.call("GET", `/apis/${GROUPS[kind]}/v1/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`));
    return lacks({ ...object, kind });
  } catch (error) {
    return (error as ApiError).status === 404 ? "it is not there" : (error as Error).message;
  }
}
