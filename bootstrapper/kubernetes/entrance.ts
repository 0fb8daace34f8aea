/** The way into a cluster that is founded: through whom a node joins, and with what. */
import type { Mac } from "../../cluster/address.ts";
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import { API_PORT } from "../../cluster/kubernetes/endpoint.ts";
import { controlPlanes, hostnameOf, machineByMac } from "../../cluster/queries.ts";
import type { Journal } from "../journal.ts";
import type { Api, Seen } from "./api.ts";
import { isControlPlane, isStacked } from "./circumstances.ts";
import type { Connection, Open } from "./connection.ts";
import type { Issuer } from "./issuer.ts";
import { type Joining, otherThatJoins } from "./joining.ts";
import { removeReadyNode } from "./old-node.ts";
import { type Heard, wait } from "./words.ts";

export interface EntranceSettings {
  cluster(): Cluster;
  readonly connection: Connection;
  readonly issuer: Issuer;
  readonly journal: Journal;
  now(): number;
}

/** Milliseconds that a node waits for its token; it asks again. */
const PATIENCE = 8_000;

const LOST =
  "it was the only control plane, and what the cluster knew went with its disk; give the cluster up (POST /api/v1/cluster/forget), and it founds another";

export class Entrance {
  readonly #settings: EntranceSettings;
  #joining: Joining | undefined;

  constructor(settings: EntranceSettings) {
    this.#settings = settings;
  }

  /** Never rejects: what is in the way is what the node waits for. `seen`: every control plane's API as it is now. */
  async admit(mac: Mac, open: Open, seen: readonly Seen[], because: string): Promise<Heard> {
    const cluster = this.#settings.cluster();
    const name = (one: Mac): string => hostnameOf(cluster, one);
    const machine = machineByMac(cluster, mac);
    if (!machine || machine.roles.every((role) => role === "etcd")) return wait("it is no node of the cluster");
    const through = seen.find((one) => one.mac !== mac && one.is === "ready");
    if (!through && controlPlanes(cluster).every((one) => one.mac === mac)) return wait(LOST);
    if (!through) return wait(noApi(seen, name));
    const other = this.#taken(mac);
    if (other) return wait(`${name(other)} joins first: control planes join one after another`);
    try {
      const token = await inTime(this.#letIn(machine, open.api), PATIENCE);
      if (token === undefined) return wait("its token is being made");
      return { ok: true, lines: { do: "join", because, token, endpoint: `${through.address}:${API_PORT}`, "ca-hash": open.caHash } };
    } catch (error) {
      return wait(`it cannot be let in: ${(error as Error).message}`);
    }
  }

  /** It joins no longer: it has, or it could not. */
  left(mac: Mac): void {
    if (this.#joining?.mac === mac) this.#joining = undefined;
  }

  /** It has joined: its token opens nothing any more. */
  joined(mac: Mac): void {
    const { connection, issuer, journal } = this.#settings;
    this.left(mac);
    connection
      .open()
      .then(({ api }) => issuer.used(mac, api))
      .catch((error: Error) => {
        journal({ from: "kubernetes", mac, level: "info", text: `its token is left to run out: ${error.message}` });
      });
  }

  /** There is no cluster any more that anybody could join. */
  close(): void {
    this.#settings.issuer.forget();
    this.#joining = undefined;
  }

  async #letIn(machine: Machine, api: Api): Promise<string | undefined> {
    const { issuer, journal } = this.#settings;
    const text = "the Node that it was before is deleted: kubeadm joins nobody beside one that is Ready";
    if (await removeReadyNode(machine.name, api)) journal({ from: "kubernetes", mac: machine.mac, level: "info", text });
    return issuer.tokenFor(machine, api);
  }

  /** Who joins before it; undefined: nobody, and from now on it is the one that does. */
  #taken(mac: Mac): Mac | undefined {
    const { cluster, now } = this.#settings;
    if (!isStacked(cluster()) || !isControlPlane(cluster(), mac)) return undefined;
    const other = otherThatJoins(this.#joining, mac, now());
    if (!other) this.#joining = { mac, since: now() };
    return other;
  }
}

function noApi(seen: readonly Seen[], nameOf: (mac: Mac) => string): string {
  const each = seen.map(({ mac, because }) => `${nameOf(mac)}: ${because}`).join("; ");
  return `no control plane's API is ready${each && ` (${each})`}`;
}

/** Undefined when it takes longer; it goes on all the same. */
function inTime<T>(work: Promise<T>, patience: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patience);
  });
  work.catch(() => undefined); // who waits no longer hears of it when asking again
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
