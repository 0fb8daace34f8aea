/** Orders for nodes: one for each machine at a time, on disk before it is told, and what became of it. */
import type { Mac } from "../../cluster/address.ts";
import type { Store, Table } from "../store/store.ts";

export type What =
  | { readonly do: "upgrade"; readonly release: string; readonly kind: "apply" | "node" }
  | { readonly do: "leave" | "reinstall" | "stop" | "start" | "rejoin" }
  /** While it is given the node may fetch this snapshot. */
  | { readonly do: "prepare"; readonly snapshot: string; readonly sha256: string }
  | { readonly do: "restore"; readonly sha256: string };

/** What the store keeps for each machine: the last one. */
export interface Order {
  /** "<operation>.<step>.<tries>"; a node carries out each at most once. */
  readonly id: string;
  readonly what: What;
  readonly is: "given" | "obeyed" | "failed";
  readonly reason?: string;
  /** Which installation of the machine it was given to; "": there was none. Absent where the state file does not say it. */
  readonly installation?: string;
}

export const operationOf = ({ id }: Order): string => id.replace(/\..*$/, "");

export class OrderBook {
  readonly #table: Table<Order>;
  readonly #orders: Map<string, Order>;
  readonly #installationOf: (mac: Mac) => string | undefined;

  /** `installationOf`: what is another for each installation of a machine; undefined while there is none. */
  static async open(store: Store, installationOf: (mac: Mac) => string | undefined): Promise<OrderBook> {
    const table = store.table<Order>("orders");
    return new OrderBook(table, new Map(await table.entries()), installationOf);
  }

  private constructor(table: Table<Order>, orders: Map<string, Order>, installationOf: (mac: Mac) => string | undefined) {
    this.#table = table;
    this.#orders = orders;
    this.#installationOf = installationOf;
  }

  find(mac: Mac): Order | undefined {
    return this.#orders.get(mac);
  }

  /** The same one again while it is under way or obeyed; after a failure another try is another order. Durable when it resolves. */
  async give(mac: Mac, name: string, tries: number, what: What): Promise<Order> {
    const last = this.#orders.get(mac);
    const id = `${name}.${tries}`;
    if (last?.id.startsWith(`${name}.`) && (last.is !== "failed" || last.id === id)) return last;
    return this.#keep(mac, { id, what, is: "given", installation: this.#installationOf(mac) ?? "" });
  }

  /** Whether whoever it was given to is no more: what the node remembers of its orders went with its disk. */
  isOutlived(mac: Mac, { installation }: Order): boolean {
    return installation !== undefined && installation !== this.#installationOf(mac);
  }

  /** What the node says became of it; false when that is no order of this machine's any more. */
  async settle(mac: Mac, id: string, is: "obeyed" | "failed", reason?: string): Promise<boolean> {
    const last = this.#orders.get(mac);
    if (last?.id !== id) return false;
    if (last.is === "given") await this.#keep(mac, { ...last, is, ...(reason !== undefined && { reason }) });
    return true;
  }

  /** Whatever it was ordered counts no more. */
  async withdraw(mac: Mac): Promise<void> {
    if (this.#orders.get(mac)?.is !== "given") return;
    await this.#table.remove(mac);
    this.#orders.delete(mac);
  }

  /** A machine that hears of it only after its operation was cancelled must not carry it out any more. */
  async withdrawAll(operation: string): Promise<void> {
    for (const [mac, { id }] of this.#orders) if (id.startsWith(`${operation}.`)) await this.withdraw(mac as Mac);
  }

  async #keep(mac: Mac, order: Order): Promise<Order> {
    await this.#table.put(mac, order);
    this.#orders.set(mac, order);
    return order;
  }
}
