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
import { type Order, type OrderBook, operationOf } from "./orders.ts";

export interface OrderDeskSettings {
  cluster(): Cluster;
  /** Of the bsroot's manifest. */
  files(): readonly { readonly path: string; readonly sha256: string }[];
  /** "https://10.0.0.1" */
  readonly https: string;
  readonly book: OrderBook;
  /** Whether this operation is neither at its end nor cancelled. */
  isUnderWay(operation: string): boolean;
  readonly machines: { apply(mac: Mac, event: MachineEvent): Promise<Outcome> };
  readonly journal: Journal;
  /** Milliseconds that only rise. */
  now(): number;
}

/** What became of an order. */
type Settled = { readonly state: "obeyed" } | { readonly state: "failed"; readonly reason: string };

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
    const { book, isUnderWay, now } = this.#settings;
    this.#asked.set(mac, now());
    if (word.state === "serves") return this.#serves(mac);
    const order = book.find(mac);
    if (order?.id !== word.order || !isUnderWay(operationOf(order)))
      return { ok: true, lines: { noted: "it is no order of this machine's any more" } };
    // The machine restarts on this answer: from here on, and not before, it may install.
    if (word.state === "obeyed" && order.what.do === "reinstall" && order.is === "given") {
      const outcome = await this.#settings.machines.apply(mac, { type: "reinstall" });
      if (!outcome.ok) return { ok: false, because: outcome.because };
    }
    await this.#settle(mac, order, word);
    return { ok: true, lines: { noted: word.state } };
  }

  /** Whether it runs and takes orders. */
  isAwake(mac: Mac): boolean {
    return this.#settings.now() - (this.#asked.get(mac) ?? Number.NEGATIVE_INFINITY) <= ASKS;
  }

  /** What this machine is to carry out now. */
  orderFor(mac: Mac): Order | undefined {
    const { book, isUnderWay } = this.#settings;
    const order = book.find(mac);
    return order?.is === "given" && isUnderWay(operationOf(order)) ? order : undefined;
  }

  async #serves(mac: Mac): Promise<Heard> {
    const order = this.orderFor(mac);
    if (!order) return { ok: true, lines: { do: "nothing" } };
    if (this.#settings.book.isOutlived(mac, order)) {
      const because = "it was installed anew since it was ordered to";
      await this.#settle(mac, order, order.what.do === "reinstall" ? { state: "obeyed" } : { state: "failed", reason: because });
      return { ok: true, lines: { do: "nothing", because } };
    }
    const said = this.#said(mac, order);
    if ("because" in said) return { ok: true, lines: { do: "nothing", because: said.because } };
    if (this.#told.get(mac) !== order.id) {
      this.#told.set(mac, order.id);
      this.#settings.journal({ from: "kubernetes", mac, level: "info", text: `was given order ${order.id}: ${order.what.do}` });
    }
    return { ok: true, ...said };
  }

  async #settle(mac: Mac, { id, what, is }: Order, word: Settled): Promise<void> {
    const { book, journal } = this.#settings;
    const reason = word.state === "failed" ? word.reason : undefined;
    await book.settle(mac, id, word.state, reason);
    if (is !== "given") return;
    if (reason === undefined) journal({ from: "kubernetes", mac, level: "info", text: `has obeyed: ${what.do}` });
    else journal({ from: "kubernetes", mac, level: "warning", text: `could not ${what.do}: ${reason}` });
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
