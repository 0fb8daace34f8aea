/** The cluster's add-ons: applied in order, each once as long as its bytes are the same, and only when the one before it is well. */
import { createHash } from "node:crypto";
import { type AddOnIndex, type AppliedAddOn, layout, type Workload } from "../../cluster/layout.ts";
import { inTurn } from "../in-turn.ts";
import type { Journal } from "../journal.ts";
import { contentHash, parseIndex } from "./add-on-index.ts";
import type { Api, ApiError } from "./api.ts";
import { applyAll } from "./apply.ts";
import type { Ledger } from "./ledger.ts";
import { isAmong, keyInWords, keyOf, type Leftover, type ObjectKey, UNKNOWN } from "./leftovers.ts";
import { inOrder, type Manifest, readManifests } from "./manifest.ts";
import { workloadOf } from "./objects.ts";
import { ResourcePaths } from "./resources.ts";
import { seen, takeAway } from "./take-away.ts";
import { lacks } from "./workload.ts";

export interface AddOnStanding {
  readonly name: string;
  /** `waits` for those before it, `refused` by the cluster, `starts`: applied, and not all of it runs; `left`: in the cluster, but not in the bsroot. */
  readonly is: "waits" | "refused" | "starts" | "well" | "left";
  readonly because: string;
}

export interface AddOnsSettings {
  /** The bytes of a file that the manifest lists, checked against it; undefined when it lists none. Rejects when they differ. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  readonly ledger: Ledger;
  readonly journal: Journal;
}

export class AddOns {
  readonly #settings: AddOnsSettings;
  #standing: readonly AddOnStanding[] = [];
  #said = "";
  #saidLeft = "";
  /** What is applied is in the ledger at its end: nothing of it may be taken for left behind meanwhile. */
  readonly #inTurn = inTurn();

  constructor(settings: AddOnsSettings) {
    this.#settings = settings;
  }

  /** In their order, as they were at the last look. */
  get standing(): readonly AddOnStanding[] {
    return this.#standing;
  }

  /** Goes on where it can. Never rejects: what is in the way is said. `cluster`: when it was founded. */
  proceed(api: Api, cluster: number): Promise<void> {
    return this.#inTurn(async () => {
      try {
        const { addons } = await this.#index();
        const standing: AddOnStanding[] = [];
        for (const addon of addons) {
          const before = standing.find(({ is }) => is !== "well");
          standing.push(await this.#one(addon, before?.name, api, cluster));
        }
        this.#standing = [...standing, ...this.#left(addons, cluster)];
        this.#say("");
      } catch (error) {
        this.#say(`add-ons are not applied: ${(error as Error).message}`);
      }
    });
  }

  /** What add-ons left behind that is still there, in the order in which it can go. Rejects when bsroot or cluster cannot be read. */
  async leftovers(api: Api, cluster: number): Promise<readonly Leftover[]> {
    const { ledger } = this.#settings;
    const { addons } = await this.#index();
    const paths = new ResourcePaths(api);
    const there: Leftover[] = [];
    for (const { addOn, ...key } of ledger.leftBehind(namesOf(addons), cluster)) {
      const is = await seen(key, paths, api);
      if (is) there.push({ ...key, addOn, is });
      else await ledger.gone(addOn, key);
    }
    return there;
  }

  /** Done as well when it is gone, or the bsroot has it again. Rejects with ApiError, and when bsroot or disk cannot be used. */
  takeAway(addOn: string, key: ObjectKey, api: Api, cluster: number): Promise<void> {
    return this.#inTurn(async () => {
      const { ledger } = this.#settings;
      const { addons } = await this.#index();
      if (!isAmong(ledger.leftBehind(namesOf(addons), cluster), addOn, key))
        return this.#tell("info", `add-on ${addOn}: ${keyInWords(key)} is not left behind any more, and nothing is deleted`);
      await takeAway(key, addOn, api);
      await ledger.gone(addOn, key);
    });
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
    const { ledger } = this.#settings;
    const known = ledger.find(name);
    if (known?.hash !== hash || known.cluster !== cluster) {
      if (before !== undefined) return { name, is: "waits", because: `${before} is not well yet` };
      let manifests: readonly Manifest[];
      try {
        manifests = await this.#manifests(addon);
      } catch (error) {
        return { name, is: "refused", because: (error as Error).message };
      }
      const objects: ObjectKey[] = [];
      try {
        await applyAll(manifests, name, api, (key) => objects.push(key));
      } catch (error) {
        await ledger.begun(name, cluster, objects);
        return { name, is: "refused", because: (error as ApiError).message };
      }
      await ledger.applied(name, { hash, cluster }, objects);
      const another = known?.cluster === cluster && known.hash !== UNKNOWN ? ": the bsroot has another one than before" : "";
      this.#tell("info", `add-on ${name} applied${another}`);
    } else if (!known.objects) await ledger.applied(name, { hash, cluster }, (await this.#manifests(addon)).map(keyOf));
    return this.#look(addon, api);
  }

  /** Told once. They stay until the operator says otherwise: nobody here knows what else has come to need them. */
  #left(addons: AddOnIndex["addons"], cluster: number): readonly AddOnStanding[] {
    const left = this.#settings.ledger.leftBehind(namesOf(addons), cluster);
    const standing = [...new Set(left.map(({ addOn }) => addOn))].map((name): AddOnStanding => {
      const count = left.filter(({ addOn }) => addOn === name).length;
      const objects = count === 1 ? "one object" : `${count} objects`;
      return {
        name,
        is: "left",
        because: `${objects} of it that the bsroot does not have may still be there; see bootstrapper cluster prune`,
      };
    });
    const text = standing.map(({ name, because }) => `add-on ${name}: ${because}`).join("; ");
    if (text !== this.#saidLeft && text !== "") this.#tell("info", text);
    this.#saidLeft = text;
    return standing;
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

const namesOf = (addons: AddOnIndex["addons"]): readonly string[] => addons.map(({ name }) => name);

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
