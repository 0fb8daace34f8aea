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
}

export class OrderBook {
  readonly #table: Table<Order>;
  readonly #orders: Map<string, Order>;

  static async open(store: Store): Promise<OrderBook> {
    const table = store.table<Order>("orders");
    return new OrderBook(table, new Map(await table.entries()));
  }

  private constructor(table: Table<Order>, orders: Map<string, Order>) {
    this.#table = table;
    this.#orders = orders;
  }

  find(mac: Mac): Order | undefined {
    return this.#orders.get(mac);
  }

  /** The same one again while it is under way or obeyed; after a failure another try is another order. Durable when it resolves. */
  async give(mac: Mac, name: string, tries: number, what: What): Promise<Order> {
    const last = this.#orders.get(mac);
    const id = `${name}.${tries}`;
    if (last?.id.startsWith(`${name}.`) && (last.is !== "failed" || last.id === id)) return last;
    return this.#keep(mac, { id, what, is: "given" });
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
