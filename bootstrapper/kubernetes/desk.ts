/** Answers nodes that want into the cluster: who founds it, who joins and with what, who waits and why. */
import type { Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { API_PORT } from "../../cluster/kubernetes/endpoint.ts";
import { controlPlanes, etcdMembers, hostnameOf, machineByMac } from "../../cluster/queries.ts";
import type { Journal } from "../journal.ts";
import type { MachineView } from "../machines/machine.ts";
import { isInstalled } from "../machines/state.ts";
import type { Seen } from "./api.ts";
import type { Charter } from "./charter.ts";
import type { Connection, Open } from "./connection.ts";
import type { Circumstances } from "./founding.ts";
import type { Issuer } from "./issuer.ts";
import { type Joining, otherThatJoins } from "./joining.ts";
import type { Heard, Word } from "./words.ts";

export interface DeskSettings {
  cluster(): Cluster;
  readonly machines: { find(mac: Mac): MachineView | undefined };
  readonly charter: Charter;
  readonly connection: Connection;
  readonly issuer: Issuer;
  readonly journal: Journal;
  now(): number;
}

/** Milliseconds in which a node that asks is one that has come up: it asks every few seconds. */
const ASKS = 60_000;
/** Milliseconds that one look at the control planes serves. */
const STAYS = 2_000;
/** Milliseconds that a node waits for its token; it asks again. */
const PATIENCE = 8_000;

export class Desk {
  readonly #settings: DeskSettings;
  readonly #asked = new Map<Mac, number>();
  #looked: { readonly at: number; readonly seen: Promise<readonly Seen[]> } | undefined;
  #joining: Joining | undefined;
  /** What was journaled of each machine last: a node asks for minutes, and only what changes is news. */
  readonly #said = new Map<Mac, string>();

  constructor(settings: DeskSettings) {
    this.#settings = settings;
  }

  /** Never throws for want of the cluster; what is missing is what the node waits for. Rejects when the disk refuses. */
  async hear(mac: Mac, word: Word): Promise<Heard> {
    const heard = await this.#answered(mac, word);
    this.#tell(mac, word, heard);
    return heard;
  }

  async #answered(mac: Mac, { state }: Word): Promise<Heard> {
    const { charter } = this.#settings;
    if (state === "joined") return this.#joined(mac);
    if (state === "asks") return this.#asks(mac);
    if (state === "failed" && this.#joining?.mac === mac) this.#joining = undefined;
    const answer = await charter.step(mac, { type: state }, () => this.#circumstances([]));
    return answer.do === "refuse" ? { ok: false, because: answer.because } : { ok: true, lines: { noted: state } };
  }

  /** Before anybody is told to found, it is looked whether a cluster is there already. */
  async #asks(mac: Mac): Promise<Heard> {
    const { charter, connection, now } = this.#settings;
    let open: Open;
    try {
      open = await connection.open();
    } catch (error) {
      return wait((error as Error).message);
    }
    this.#asked.set(mac, now());
    const seen = charter.founding.founded ? [] : await this.look(open);
    const { do: what, because } = await charter.step(mac, { type: "asks" }, () => this.#circumstances(seen));
    return what === "join" ? this.#join(mac, open, because) : { ok: true, lines: { do: what, because } };
  }

  /** A running cluster that the store has forgotten, with nobody who founds one, is the cluster. Rejects when the disk refuses. */
  async looked(seen: readonly Seen[]): Promise<void> {
    const { charter, journal } = this.#settings;
    const there = seen.find(({ is }) => is === "ready");
    if (!there || charter.founding.founded || charter.founding.founder) return;
    const { do: what, because } = await charter.step(there.mac, { type: "looked" }, () => this.#circumstances([there]));
    if (what !== "join") return; // somebody was quicker
    journal({ from: "kubernetes", mac: there.mac, level: "info", text: because });
  }

  /** The operator gives the cluster up: only one that no longer answers, for another beside it would be a second one. */
  async forget(): Promise<Heard> {
    const { charter, connection, issuer, cluster, journal } = this.#settings;
    const seen = await connection.open().then(
      (open) => this.look(open),
      () => [],
    );
    const there = seen.find(({ is }) => is !== "silent");
    if (there) return { ok: false, because: `the API of ${hostnameOf(cluster(), there.mac)} still answers; switch its machine off first` };
    const by = charter.founding.founded?.by ?? charter.founding.founder?.mac;
    if (by === undefined) return { ok: false, because: "no cluster is founded" };
    const { because } = await charter.step(by, { type: "forget" }, () => this.#circumstances([]));
    issuer.forget();
    this.#joining = undefined;
    journal({ from: "kubernetes", level: "warning", text: because });
    return { ok: true, lines: { noted: "forgotten" } };
  }

  /** What each control plane's API does, no older than two seconds. */
  look({ api }: Open): Promise<readonly Seen[]> {
    const at = this.#settings.now();
    if (!this.#looked || Math.abs(at - this.#looked.at) > STAYS) this.#looked = { at, seen: api.look() };
    return this.#looked.seen;
  }

  #circumstances(seen: readonly Seen[]): Circumstances {
    const { now, cluster } = this.#settings;
    return {
      now: now(),
      answering: seen.filter((one) => one.is !== "silent").map(({ mac }) => mac),
      mayFound: (mac) => {
        const state = this.#settings.machines.find(mac);
        return state !== undefined && isInstalled(state) && (machineByMac(cluster(), mac)?.roles.includes("control-plane") ?? false);
      },
      nameOf: (mac) => hostnameOf(cluster(), mac),
      members: this.#members(),
    };
  }

  /** An etcd of its own machines must have its quorum before an API server can start; a stacked one grows with the control planes. */
  #members(): Circumstances["members"] {
    const { cluster, machines, now } = this.#settings;
    const { expectedEtcd } = cluster().kubernetes;
    const members = etcdMembers(cluster());
    if (isStacked(cluster())) {
      const up = members.filter(({ mac }) => now() - (this.#asked.get(mac) ?? Number.NEGATIVE_INFINITY) <= ASKS).length;
      return { up, expected: expectedEtcd ?? 1, what: "control planes have come up" };
    }
    const up = members.filter(({ mac }) => machines.find(mac)?.phase === "ready").length;
    return { up, expected: expectedEtcd ?? Math.floor(members.length / 2) + 1, what: "etcd machines are ready" };
  }

  async #join(mac: Mac, open: Open, because: string): Promise<Heard> {
    const { cluster, issuer, now } = this.#settings;
    const machine = machineByMac(cluster(), mac);
    if (!machine || machine.roles.every((role) => role === "etcd")) return wait("it is no node of the cluster");
    const other = this.#bringsEtcd(mac) ? otherThatJoins(this.#joining, mac, now()) : undefined;
    if (other) return wait(`${hostnameOf(cluster(), other)} joins first: control planes join one after another`);
    const seen = await this.look(open);
    const through = seen.find((one) => one.mac !== mac && one.is === "ready");
    if (!through && controlPlanes(cluster()).every((one) => one.mac === mac)) return wait(LOST);
    if (!through) return wait(noApi(seen, (one) => hostnameOf(cluster(), one)));
    try {
      const token = await inTime(issuer.tokenFor(machine, open.api), PATIENCE);
      if (token === undefined) return wait("its token is being made");
      if (this.#bringsEtcd(mac)) this.#joining = { mac, since: now() };
      return { ok: true, lines: { do: "join", because, token, endpoint: `${through.address}:${API_PORT}`, "ca-hash": open.caHash } };
    } catch (error) {
      return wait(`its token cannot be made: ${(error as Error).message}`);
    }
  }

  #bringsEtcd(mac: Mac): boolean {
    return isStacked(this.#settings.cluster()) && (machineByMac(this.#settings.cluster(), mac)?.roles.includes("control-plane") ?? false);
  }

  #joined(mac: Mac): Heard {
    const { connection, issuer, journal } = this.#settings;
    if (this.#joining?.mac === mac) this.#joining = undefined;
    connection
      .open()
      .then(({ api }) => issuer.used(mac, api))
      .catch((error: Error) => {
        const text = `its token is left to run out: ${error.message}`;
        journal({ from: "kubernetes", mac, level: "info", text });
      });
    return { ok: true, lines: { noted: "joined" } };
  }

  #tell(mac: Mac, word: Word, heard: Heard): void {
    const text = inWords(word, heard);
    const news = text.replace(/ \(.*\)$/, ""); // how exactly an API does not answer changes by the second
    if (this.#said.get(mac) === news) return;
    this.#said.set(mac, news);
    const level = word.state === "failed" || !heard.ok ? "warning" : "info";
    this.#settings.journal({ from: "kubernetes", mac, level, text });
  }
}

/** Whether etcd lives on the control planes. */
export const isStacked = (cluster: Cluster): boolean => etcdMembers(cluster).every(({ roles }) => roles.includes("control-plane"));

const LOST =
  "it was the only control plane, and what the cluster knew went with its disk; give the cluster up (POST /api/v1/cluster/forget), and it founds another";

const wait = (because: string): Heard => ({ ok: true, lines: { do: "wait", because } });

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

function inWords(word: Word, heard: Heard): string {
  if (!heard.ok) return `said ${word.state}, which is refused: ${heard.because}`;
  const { do: what, because, endpoint } = heard.lines;
  if (what === "join") return `told to join through ${endpoint}: ${because}`;
  if (what === "found") return `told to found the cluster: ${because}`;
  if (what === "wait") return `waits to join the cluster: ${because}`;
  return word.state === "failed" ? `could not enter the cluster: ${word.reason}` : (SAID[word.state] ?? `said ${word.state}`);
}

const SAID: Partial<Record<Word["state"], string>> = {
  founding: "is founding the cluster",
  founded: "founded the cluster",
  joined: "joined the cluster",
};
