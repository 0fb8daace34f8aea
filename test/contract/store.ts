/** What every Store keeps to, whatever it is made of. */
import { describe, expect, test } from "vitest";
import type { Store } from "../../bootstrapper/store/store.ts";

/** A store whose content lives on when it is closed and opened again. */
export interface StoreUnderTest {
  open(): Promise<Store>;
}

interface Lease {
  readonly address: string;
  readonly expiresAt?: number;
}

export function storeContract(name: string, fresh: () => Promise<StoreUnderTest>): void {
  const opened = async (): Promise<{ store: Store; again: () => Promise<Store> }> => {
    const under = await fresh();
    const store = await under.open();
    return {
      store,
      again: async () => {
        await store.close();
        return under.open();
      },
    };
  };

  describe(`${name} as a store`, () => {
    test("is empty at first", async () => {
      const { store } = await opened();
      expect(await store.table("leases").entries()).toEqual(new Map());
      expect(await store.log("journal", 10).tail(5)).toEqual([]);
      await store.close();
    });

    test("keeps what was put, the last value of a key, through a restart", async () => {
      const { store, again } = await opened();
      const leases = store.table<Lease>("leases");
      await leases.put("a", { address: "10.0.0.1", expiresAt: 5 });
      await Promise.all([leases.put("b", { address: "10.0.0.2" }), leases.put("a", { address: "10.0.0.3" })]);
      const expected = new Map([
        ["a", { address: "10.0.0.3" }],
        ["b", { address: "10.0.0.2" }],
      ]);
      expect(await leases.entries()).toEqual(expected);
      const reopened = await again();
      expect(await reopened.table<Lease>("leases").entries()).toEqual(expected);
      await reopened.close();
    });

    test("forgets what was removed, and removing what is not there is no mistake", async () => {
      const { store, again } = await opened();
      const leases = store.table<Lease>("leases");
      await leases.put("a", { address: "10.0.0.1" });
      await leases.remove("a");
      await leases.remove("never there");
      const reopened = await again();
      expect(await reopened.table<Lease>("leases").entries()).toEqual(new Map());
      await reopened.close();
    });

    test("does not mix tables, nor a table with a log of the same name", async () => {
      const { store } = await opened();
      await store.table<number>("one").put("key", 1);
      await store.table<number>("two").put("key", 2);
      await store.log<number>("one", 10).append(3);
      expect(await store.table<number>("one").entries()).toEqual(new Map([["key", 1]]));
      expect(await store.table<number>("two").entries()).toEqual(new Map([["key", 2]]));
      expect(await store.log<number>("one", 10).tail(9)).toEqual([3]);
      await store.close();
    });

    test("hands out copies: what a caller does to them changes nothing", async () => {
      const { store } = await opened();
      const machines = store.table<{ disks: string[] }>("machines");
      const mine = { disks: ["sda"] };
      const put = machines.put("a", mine);
      mine.disks.push("sdb");
      await put;
      (await machines.entries()).get("a")!.disks.push("sdc");
      expect((await machines.entries()).get("a")).toEqual({ disks: ["sda"] });
      await store.close();
    });

    test("keeps any text as key and value", async () => {
      const { store, again } = await opened();
      const texts = store.table<string>("texts");
      const odd = ["", "\n", '"]', "ü\u2028\u0000", "__proto__", "x".repeat(100_000)];
      await Promise.all(odd.map((text) => texts.put(text, text)));
      const reopened = await again();
      expect(await reopened.table<string>("texts").entries()).toEqual(new Map(odd.map((text) => [text, text])));
      await reopened.close();
    });

    test("keeps the newest entries of a log, newest last, and no more than its limit", async () => {
      const { store, again } = await opened();
      const log = store.log<number>("journal", 3);
      for (const entry of [1, 2, 3, 4, 5, 6, 7, 8]) await log.append(entry);
      expect(await log.tail(2)).toEqual([7, 8]);
      expect(await log.tail(100)).toEqual([6, 7, 8]);
      expect(await log.tail(0)).toEqual([]);
      const reopened = await again();
      expect(await reopened.log<number>("journal", 3).tail(100)).toEqual([6, 7, 8]);
      await reopened.close();
    });
  });
}
