/** Every machine we know, each with its state: kept in memory, moved on one event after another, and on disk before anybody is told. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import { dashed } from "../../cluster/address.ts";
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import { becomes } from "../../cluster/queries.ts";
import type { Machines, Outcome } from "../http/world.ts";
import type { Journal } from "../journal.ts";
import { Soonest } from "../soonest.ts";
import type { Store, Table } from "../store/store.ts";
import { newcomer, nextBoot, overdue, settled, transition } from "./lifecycle.ts";
import type { MachineEvent, MachineState, MachineView, NextBoot, Standing, Transfer } from "./machine.ts";
import type { Transition } from "./state.ts";

export interface RosterSettings {
  readonly cluster: Cluster;
  readonly store: Store;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
  /** Whose the address is now, by lease or reservation. */
  holder(address: Ipv4): Mac | undefined;
  addressOf(mac: Mac): Ipv4 | undefined;
}

/** Machines that are not listed, remembered at once; the one not heard of for longest makes room. */
const STRANGERS = 4096;
/** Events of one machine that may wait for the disk. */
const WAITING = 64;
/** Milliseconds; when a machine was last seen is not worth a write each time. */
const SEEN_EVERY = 300_000;
/** Milliseconds between two looks for grants that ran out. */
const SWEEP_EVERY = 5_000;

export async function openRoster(settings: RosterSettings): Promise<Roster> {
  const table = settings.store.table<MachineState>("machines");
  return new Roster(settings, table, await table.entries());
}

export class Roster implements Machines {
  readonly #settings: RosterSettings;
  readonly #table: Table<MachineState>;
  #cluster: Cluster;
  #listed: ReadonlyMap<Mac, Machine>;
  readonly #states = new Map<Mac, MachineState>();
  readonly #transfers = new Map<Mac, Transfer>();
  /** The last of the events that wait, and how many do. */
  readonly #queues = new Map<Mac, { last: Promise<unknown>; waiting: number }>();
  readonly #sweeping: NodeJS.Timeout;
  /** Those nobody ever did anything with, by when they were last seen. */
  readonly #strangers = new Soonest<Mac>();

  constructor(settings: RosterSettings, table: Table<MachineState>, kept: ReadonlyMap<string, MachineState>) {
    this.#settings = settings;
    this.#table = table;
    this.#cluster = settings.cluster;
    this.#listed = byMac(settings.cluster);
    this.#settle(kept.values());
    this.#sweeping = setInterval(() => void this.sweep(), SWEEP_EVERY).unref();
  }

  /** Another description from now on; what machines have gone through stays theirs. */
  reload(cluster: Cluster): void {
    this.#cluster = cluster;
    this.#listed = byMac(cluster);
    this.#settle([...this.#states.values()]);
  }

  /** What the description says, of all that were ever kept. */
  #settle(kept: Iterable<MachineState>): void {
    const now = this.#settings.now();
    for (const mac of this.#listed.keys()) if (!this.#states.has(mac)) this.#remember(newcomer(mac, "listed", now));
    for (const state of kept) this.#remember(settled(state, this.standing(state.mac), now));
  }

  standing(mac: Mac): Standing {
    if (this.#listed.has(mac)) return "listed";
    return this.#cluster.unlisted.become === "worker" ? "pooled" : "unlisted";
  }

  /** In the order of the description; those that are not in it follow, by MAC. */
  list(): readonly MachineView[] {
    const others = [...this.#states.keys()].filter((mac) => !this.#listed.has(mac)).sort();
    return [...this.#listed.keys(), ...others].map((mac) => this.#view(this.#states.get(mac)!));
  }

  find(mac: Mac): MachineView | undefined {
    const state = this.#states.get(mac);
    return state && this.#view(state);
  }

  holder(address: Ipv4): Mac | undefined {
    return this.#settings.holder(address);
  }

  nextBoot(mac: Mac): NextBoot {
    return nextBoot(this.#states.get(mac), this.standing(mac), this.#settings.now(), this.#cluster.install);
  }

  /** It spoke to us, which costs nothing as long as it changes nothing but when that was. Never throws; a disk that refuses is journaled. */
  seen(mac: Mac, booting: boolean): void {
    const before = this.#states.get(mac);
    const event: MachineEvent = { type: "seen", booting };
    const next = before && !this.#queues.has(mac) ? this.#moved(before, event) : undefined;
    if (before && next?.ok && isOnlySeen(before, next.state)) this.#remember(next.state);
    else void this.apply(mac, event);
  }

  apply(mac: Mac, event: MachineEvent): Promise<Outcome> {
    return this.#inTurn(mac, async () => {
      const before = this.#states.get(mac) ?? newcomer(mac, this.standing(mac), this.#settings.now());
      const next = this.#moved(before, event);
      return next.ok ? this.#keep(next) : next;
    });
  }

  #moved(before: MachineState, event: MachineEvent): Transition {
    return transition(before, event, { now: this.#settings.now(), policy: this.#cluster.install, standing: this.standing(before.mac) });
  }

  setTransfer(mac: Mac, transfer: Transfer | undefined): void {
    if (transfer && this.#states.has(mac)) this.#transfers.set(mac, transfer);
    else this.#transfers.delete(mac);
  }

  /** Fails the machines whose grants ran out. It does so by itself every few seconds. */
  async sweep(): Promise<void> {
    const now = this.#settings.now();
    const late = [...this.#states.values()].filter((state) => overdue(state, { now }));
    await Promise.all(
      late.map(({ mac }) =>
        this.#inTurn(mac, async () => {
          const state = this.#states.get(mac);
          const next = state && overdue(state, { now: this.#settings.now() });
          return next ? this.#keep({ ok: true, state: next, because: next.because }) : { ok: false, because: "it moved on" };
        }),
      ),
    );
  }

  /** Resolves when every event that was begun is on disk. */
  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    await Promise.all([...this.#queues.values()].map(({ last }) => last));
  }

  async #inTurn(mac: Mac, work: () => Promise<Outcome>): Promise<Outcome> {
    const queue = this.#queues.get(mac) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= WAITING) return { ok: false, because: "too much is asked of it at once" };
    this.#queues.set(mac, queue);
    queue.waiting += 1;
    const turn = queue.last.then(work);
    queue.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) this.#queues.delete(mac);
    }
  }

  /** On disk first: what is not kept did not happen. */
  async #keep({ state }: Extract<Transition, { ok: true }>): Promise<Outcome> {
    const { journal } = this.#settings;
    const { mac, phase, because } = state;
    const before = this.#states.get(mac);
    if (!before || !isOnlySeen(before, state)) {
      try {
        await this.#table.put(mac, state, isStranger(state) ? "soon" : "now");
      } catch (error) {
        const text = `it stays ${before?.phase ?? "unknown"}: ${error instanceof Error ? error.message : error}`;
        journal({ from: "machines", mac, level: "warning", text });
        return { ok: false, because: text };
      }
    }
    this.#remember(state);
    if (before?.phase !== phase || before.grant?.attempt !== state.grant?.attempt)
      journal({ from: "machines", mac, level: phase === "failed" ? "warning" : "info", text: `${phase}: ${because}` });
    return { ok: true, machine: this.#view(state) };
  }

  #remember(state: MachineState): void {
    const { mac, lastSeen } = state;
    if (!isStranger(state)) this.#strangers.delete(mac);
    else {
      if (this.#strangers.size >= STRANGERS && !this.#states.has(mac)) this.#forget(this.#strangers.first()!.key);
      this.#strangers.set(mac, lastSeen);
    }
    this.#states.set(mac, state);
  }

  #forget(mac: Mac): void {
    this.#states.delete(mac);
    this.#strangers.delete(mac);
    this.#table.remove(mac, "soon").catch((error: Error) => {
      this.#settings.journal({ from: "machines", mac, level: "warning", text: `it could not be forgotten: ${error.message}` });
    });
  }

  #view(state: MachineState): MachineView {
    const machine = this.#listed.get(state.mac) ?? becomes(this.#cluster, state.mac);
    const address = this.#settings.addressOf(state.mac);
    const transfer = this.#transfers.get(state.mac);
    return {
      ...state,
      name: machine?.name ?? dashed(state.mac),
      roles: machine?.roles ?? [],
      ...(address && { address }),
      ...(transfer && { transfer }),
    };
  }
}

const isStranger = ({ phase }: MachineState): boolean => phase === "discovered";

/** A transition changes what it changes by making it anew: what is still the same object is the same. */
function isOnlySeen(before: MachineState, after: MachineState): boolean {
  if (after.lastSeen - before.lastSeen >= SEEN_EVERY) return false;
  const names = Object.keys({ ...before, ...after }) as (keyof MachineState)[];
  return names.every((name) => name === "lastSeen" || before[name] === after[name]);
}

const byMac = ({ machines }: Cluster): ReadonlyMap<Mac, Machine> => new Map(machines.map((machine) => [machine.mac, machine]));
