/** Answers nodes that ask for orders, and hears what became of them. */
import type { Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { hostnameOf, machineByMac } from "../../cluster/queries.ts";
import { PARTS, type Part, placesOf } from "../../templates/kubernetes/artifacts.ts";
import { archivePath } from "../../templates/kubernetes/node/node.ts";
import type { Outcome } from "../http/world.ts";
import type { Journal } from "../journal.ts";
import type { Heard, OrderWord } from "../kubernetes/words.ts";
import type { MachineEvent } from "../machines/machine.ts";
import type { Order, OrderBook } from "./orders.ts";

export interface OrderDeskSettings {
  cluster(): Cluster;
  /** Of the bsroot's manifest. */
  files(): readonly { readonly path: string; readonly sha256: string }[];
  /** "https://10.0.0.1" */
  readonly https: string;
  readonly book: OrderBook;
  readonly machines: { apply(mac: Mac, event: MachineEvent): Promise<Outcome> };
  readonly journal: Journal;
  /** Milliseconds that only rise. */
  now(): number;
}

/** Milliseconds after which a node that has not asked is taken for one that does not run: it asks every 20 s. */
const ASKS = 90_000;

export class OrderDesk {
  readonly #settings: OrderDeskSettings;
  /** The order each machine was last told of: it asks every few seconds. */
  readonly #told = new Map<Mac, string>();
  readonly #asked = new Map<Mac, number>();

  constructor(settings: OrderDeskSettings) {
    this.#settings = settings;
  }

  /** Rejects when the disk refuses. */
  async hear(mac: Mac, word: OrderWord): Promise<Heard> {
    const { book, journal, now } = this.#settings;
    this.#asked.set(mac, now());
    if (word.state === "serves") return this.#serves(mac);
    const order = book.find(mac);
    if (order?.id !== word.order) return { ok: true, lines: { noted: "it is no order of this machine's any more" } };
    // The machine restarts on this answer: from here on, and not before, it may install.
    if (word.state === "obeyed" && order.what.do === "reinstall" && order.is === "given") {
      const outcome = await this.#settings.machines.apply(mac, { type: "reinstall" });
      if (!outcome.ok) return { ok: false, because: outcome.because };
    }
    const fresh = order.is === "given";
    await book.settle(mac, word.order, word.state, word.state === "failed" ? word.reason : undefined);
    if (fresh && word.state === "failed")
      journal({ from: "kubernetes", mac, level: "warning", text: `could not ${order.what.do}: ${word.reason}` });
    else if (fresh) journal({ from: "kubernetes", mac, level: "info", text: `has obeyed: ${order.what.do}` });
    return { ok: true, lines: { noted: word.state } };
  }

  /** Whether it runs and takes orders. */
  isAwake(mac: Mac): boolean {
    return this.#settings.now() - (this.#asked.get(mac) ?? Number.NEGATIVE_INFINITY) <= ASKS;
  }

  #serves(mac: Mac): Heard {
    const order = this.#settings.book.find(mac);
    if (order?.is !== "given") return { ok: true, lines: { do: "nothing" } };
    const said = this.#said(mac, order);
    if ("because" in said) return { ok: true, lines: { do: "nothing", because: said.because } };
    if (this.#told.get(mac) !== order.id) {
      this.#told.set(mac, order.id);
      this.#settings.journal({ from: "kubernetes", mac, level: "info", text: `was given order ${order.id}: ${order.what.do}` });
    }
    return { ok: true, ...said };
  }

  #said(mac: Mac, { id, what }: Order): Pick<Extract<Heard, { readonly ok: true }>, "lines" | "files"> | { readonly because: string } {
    const { cluster, https } = this.#settings;
    if (what.do !== "upgrade") return { lines: { do: what.do, order: id, ...("sha256" in what && { sha256: what.sha256 }) } };
    const architecture = machineByMac(cluster(), mac)?.architecture;
    if (architecture === undefined) return { because: `${hostnameOf(cluster(), mac)} is not in cluster-desc.yml any more` };
    const sums = new Map(this.#settings.files().map(({ path, sha256 }) => [path, sha256]));
    const places = Object.entries(placesOf(what.release, architecture)) as [Part, string][];
    const files = places.flatMap(([part, place]) => {
      const sum = sums.get(`${layout.static}/${place}`);
      return sum === undefined ? [] : [`${nameOnNode(part)} ${sum} ${https}/static/${place}`];
    });
    if (files.length < PARTS.length) return { because: `this bsroot no longer has Kubernetes ${what.release}` };
    return { lines: { do: what.do, order: id, release: what.release, kind: what.kind }, files };
  }
}

/** Archives lie where they are unpacked from, under the part's own name. */
const nameOnNode = (part: Part): string => (part === "containerd" || part === "cniPlugins" ? archivePath(part).replace(/^.*\//, "") : part);

/** Releases whose every part this bsroot has, for every processor that is asked for. */
export function carriedReleases(
  releases: readonly string[],
  architectures: readonly ("amd64" | "arm64")[],
  files: readonly { readonly path: string }[],
): readonly string[] {
  const there = new Set(files.map(({ path }) => path));
  return releases.filter((release) =>
    architectures.every((architecture) =>
      Object.values(placesOf(release, architecture)).every((place) => there.has(`${layout.static}/${place}`)),
    ),
  );
}
