/** Answers nodes that want into the cluster: who founds it, who joins, who waits and why. */
import type { Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { hostnameOf } from "../../cluster/queries.ts";
import type { Journal } from "../journal.ts";
import type { MachineView } from "../machines/machine.ts";
import type { Api, Seen } from "./api.ts";
import type { Charter } from "./charter.ts";
import { circumstancesOf } from "./circumstances.ts";
import type { Connection, Open } from "./connection.ts";
import type { Entrance } from "./entrance.ts";
import type { Circumstances } from "./founding.ts";
import { type Heard, inWords, type Word, wait } from "./words.ts";

export interface DeskSettings {
  cluster(): Cluster;
  readonly machines: { find(mac: Mac): MachineView | undefined };
  readonly charter: Charter;
  readonly connection: Connection;
  readonly entrance: Entrance;
  readonly journal: Journal;
  now(): number;
}

/** Milliseconds that a look at the control planes serves after its end. */
const STAYS = 2_000;

export class Desk {
  readonly #settings: DeskSettings;
  readonly #asked = new Map<Mac, number>();
  #looked: { readonly by: Api; readonly at: number; readonly seen: readonly Seen[] } | undefined;
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
    const { charter, entrance } = this.#settings;
    if (state === "asks") return this.#asks(mac);
    if (state === "joined") {
      entrance.joined(mac);
      return { ok: true, lines: { noted: state } };
    }
    if (state === "failed") entrance.left(mac);
    const answer = await charter.step(mac, { type: state }, () => this.#circumstances([]));
    return answer.do === "refuse" ? { ok: false, because: answer.because } : { ok: true, lines: { noted: state } };
  }

  /** Before anybody is told to found, it is looked whether a cluster is there already. */
  async #asks(mac: Mac): Promise<Heard> {
    const { charter, connection, entrance, now } = this.#settings;
    let open: Open;
    try {
      open = await connection.open();
    } catch (error) {
      return wait((error as Error).message);
    }
    this.#asked.set(mac, now());
    const seen = await this.look(open);
    const { do: what, because } = await charter.step(mac, { type: "asks" }, () => this.#circumstances(seen));
    return what === "join" ? entrance.admit(mac, open, seen, because) : { ok: true, lines: { do: what, because } };
  }

  /**
   * A running cluster that the store has forgotten, with nobody who founds one, is the cluster; and one that was founded is told from
   * others by what its API says. Rejects when the disk refuses.
   */
  async looked(seen: readonly Seen[]): Promise<void> {
    const { charter, journal } = this.#settings;
    const there = seen.find(({ is }) => is === "ready");
    if (!there || charter.founding.founded?.id !== undefined || charter.founding.founder) return;
    const { do: what, because } = await charter.step(there.mac, { type: "looked" }, () => this.#circumstances([there]));
    if (what !== "join") return; // nothing is new, or somebody was quicker
    journal({ from: "kubernetes", mac: there.mac, level: "info", text: because });
  }

  /** What this control plane's API serves is the cluster from now on. Rejects when the disk refuses. */
  async recognise(mac: Mac): Promise<void> {
    await this.#settings.charter.step(mac, { type: "restored" }, () => this.#circumstances([]));
  }

  /** The operator gives the cluster up: only one that no longer answers, for another beside it would be a second one. */
  async forget(): Promise<Heard> {
    const { charter, connection, entrance, cluster, journal } = this.#settings;
    const seen = await connection.open().then(
      (open) => this.look(open),
      () => [],
    );
    const there = seen.find(({ is }) => is !== "silent");
    if (there) return { ok: false, because: `the API of ${hostnameOf(cluster(), there.mac)} still answers; switch its machine off first` };
    const by = charter.founding.founded?.by ?? charter.founding.founder?.mac;
    if (by === undefined) return { ok: false, because: "no cluster is founded" };
    const { because } = await charter.step(by, { type: "forget" }, () => this.#circumstances([]));
    entrance.close();
    journal({ from: "kubernetes", level: "warning", text: because });
    return { ok: true, lines: { noted: "forgotten" } };
  }

  /** What each control plane's API does: by a look that ended within two seconds, or one that is under way. */
  async look({ api }: Open): Promise<readonly Seen[]> {
    const { now } = this.#settings;
    const last = this.#looked;
    if (last?.by === api && Math.abs(now() - last.at) <= STAYS) return last.seen;
    const seen = await api.look();
    this.#looked = { by: api, at: now(), seen };
    return seen;
  }

  #circumstances(seen: readonly Seen[]): Circumstances {
    const { cluster, machines, now } = this.#settings;
    return circumstancesOf({ now: now(), cluster: cluster(), find: (mac) => machines.find(mac), asked: this.#asked, seen });
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
