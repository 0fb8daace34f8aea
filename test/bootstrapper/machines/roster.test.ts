import { beforeEach, describe, expect, test, vi } from "vitest";
import type { JournalEntry } from "../../../bootstrapper/journal.ts";
import type { MachineEvent, MachineState } from "../../../bootstrapper/machines/machine.ts";
import { openRoster, type Roster } from "../../../bootstrapper/machines/roster.ts";
import { ipv4, type Mac, mac } from "../../../cluster/address.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import { described } from "../../support/description.ts";
import { type MemoryStore, memoryStore } from "../../support/memory-store.ts";

const CP1 = mac("52:54:00:00:00:11");
const STRANGER = mac("02:00:00:00:00:99");
const BOOT: MachineEvent = { type: "boot-script-served" };
const TOKEN: MachineEvent = { type: "token-issued", tokenHash: "t" };
const RELEASE: MachineEvent = { type: "secrets-released", reportTokenHash: "r" };
const SEEN: MachineEvent = { type: "seen", booting: false };

let store: MemoryStore;
let now = 0;
let entries: Omit<JournalEntry, "at">[];
let roster: Roster;

async function open(cluster: Cluster = described()): Promise<Roster> {
  return openRoster({
    cluster,
    store,
    journal: (entry) => entries.push(entry),
    now: () => now,
    holder: (address) => (address === "127.0.0.11" ? CP1 : undefined),
    addressOf: (address) => (address === CP1 ? ipv4("127.0.0.11") : undefined),
  });
}
const stored = async (address: Mac): Promise<MachineState | undefined> =>
  (await store.table<MachineState>("machines").entries()).get(address);
beforeEach(async () => {
  store = memoryStore();
  now = Date.UTC(2026, 10, 21, 8);
  entries = [];
  roster = await open();
  return () => roster.close();
});

describe("the roster", () => {
  test("shows every listed machine before it was ever seen, in the description's order", () => {
    expect(roster.list().map(({ name, phase, roles, address }) => ({ name, phase, roles, address }))).toEqual([
      { name: "cp-1", phase: "assigned", roles: ["control-plane"], address: "127.0.0.11" },
      { name: "worker-1", phase: "assigned", roles: ["worker"], address: undefined },
      { name: "worker-2", phase: "assigned", roles: ["worker"], address: undefined },
    ]);
  });

  test("shows a stranger by its MAC once it spoke, and lets it do nothing", async () => {
    expect(roster.find(STRANGER)).toBeUndefined();
    expect(await roster.apply(STRANGER, BOOT)).toMatchObject({ ok: false });
    expect(roster.find(STRANGER)).toBeUndefined();
    await roster.apply(STRANGER, SEEN);
    expect(roster.list().at(-1)).toMatchObject({ mac: STRANGER, name: "02-00-00-00-00-99", roles: [], phase: "discovered" });
    expect(roster.nextBoot(STRANGER).do).toBe("discover");
  });

  test("says so only when it is on disk", async () => {
    const release = store.hold();
    let said = false;
    const applied = roster.apply(CP1, BOOT).then(() => {
      said = true;
    });
    await vi.waitFor(() => expect(store.waiting()).toBe(1));
    expect(said).toBe(false);
    expect(roster.find(CP1)).toMatchObject({ phase: "assigned" });
    release();
    await applied;
    expect(roster.find(CP1)).toMatchObject({ phase: "booting" });
    expect(await stored(CP1)).toMatchObject({ phase: "booting" });
  });

  test("lets nothing happen that the disk refuses to remember: no secret leaves", async () => {
    await roster.apply(CP1, BOOT);
    await roster.apply(CP1, TOKEN);
    store.fail(new Error("no space left on device"));
    expect(await roster.apply(CP1, RELEASE)).toEqual({ ok: false, because: "it stays booting: no space left on device" });
    expect(roster.find(CP1)?.grant?.releasedAt).toBeUndefined();
    expect(entries.at(-1)).toMatchObject({ mac: CP1, level: "warning" });
    store.fail(undefined);
    expect(await roster.apply(CP1, RELEASE)).toMatchObject({ ok: true });
  });

  test("takes the events of one machine one after another: of many that ask for its secrets at once, one gets them", async () => {
    await roster.apply(CP1, BOOT);
    await roster.apply(CP1, TOKEN);
    const release = store.hold();
    const outcomes = Promise.all(Array.from({ length: 20 }, () => roster.apply(CP1, RELEASE)));
    await vi.waitFor(() => expect(store.waiting()).toBe(1));
    release();
    expect((await outcomes).filter(({ ok }) => ok)).toHaveLength(1);
  });

  test("does not let a machine whose disk hangs fill the memory", async () => {
    const release = store.hold();
    const outcomes = Array.from({ length: 100 }, () => roster.apply(CP1, BOOT));
    expect(await outcomes.at(-1)).toEqual({ ok: false, because: "too much is asked of it at once" });
    release();
    await Promise.all(outcomes);
  });

  test("has every phase again after a restart", async () => {
    await roster.apply(CP1, BOOT);
    await roster.apply(CP1, TOKEN);
    const before = roster.find(CP1);
    await roster.close();
    const again = await open();
    expect(again.find(CP1)).toEqual(before);
    expect(await again.apply(CP1, TOKEN)).toMatchObject({ ok: false });
    await again.close();
  });

  test("keeps and shows a machine that the description no longer lists, and does not install it", async () => {
    await roster.apply(CP1, BOOT);
    const cluster = described();
    const again = await open({ ...cluster, machines: cluster.machines.slice(1) });
    expect(again.list().at(-1)).toMatchObject({ mac: CP1, phase: "booting", roles: [] });
    expect(again.nextBoot(CP1).do).toBe("discover");
    await again.close();
  });

  test("makes workers of strangers where the description says so", async () => {
    const cluster = described();
    const { os, disk, architecture } = cluster.machines[0]!;
    const again = await open({ ...cluster, unlisted: { become: "worker", os, disk, architecture } });
    expect(again.nextBoot(STRANGER).do).toBe("install");
    await again.apply(STRANGER, BOOT);
    expect(again.find(STRANGER)).toMatchObject({ name: "02-00-00-00-00-99", roles: ["worker"], phase: "booting" });
    await again.close();
  });

  test("fails machines whose time is over, by itself", async () => {
    await roster.apply(CP1, BOOT);
    now += described().install.window * 1000;
    await roster.sweep();
    expect(roster.find(CP1)).toMatchObject({ phase: "failed", because: expect.stringContaining("ended at") });
    expect(await stored(CP1)).toMatchObject({ phase: "failed" });
    expect(entries.at(-1)).toMatchObject({ level: "warning", text: expect.stringContaining("failed: its grant") });
  });

  test("writes little for a machine that only speaks often", async () => {
    await roster.apply(CP1, SEEN);
    const writes = store.writes();
    for (let index = 0; index < 100; index++) await roster.apply(CP1, SEEN);
    expect(store.writes()).toBe(writes);
    now += 600_000;
    await roster.apply(CP1, SEEN);
    expect(store.writes()).toBe(writes + 1);
    expect(roster.find(CP1)?.lastSeen).toBe(now);
  });

  test("forgets the stranger not heard of for longest, never a machine with a history", async () => {
    await roster.apply(CP1, BOOT);
    for (let index = 0; index <= 4096; index++) {
      now += 1;
      await roster.apply(
        mac(`02:00:00:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`),
        SEEN,
      );
    }
    expect(roster.list()).toHaveLength(3 + 4096);
    expect(roster.find(mac("02:00:00:00:00:00"))).toBeUndefined();
    expect(await stored(mac("02:00:00:00:00:00"))).toBeUndefined();
    expect(roster.find(CP1)).toBeDefined();
  });

  test("shows what a machine fetches, until it is done", async () => {
    roster.setTransfer(CP1, { file: "node.img.zst", sent: 1, size: 2 });
    expect(roster.find(CP1)?.transfer).toEqual({ file: "node.img.zst", sent: 1, size: 2 });
    roster.setTransfer(CP1, undefined);
    expect(roster.find(CP1)?.transfer).toBeUndefined();
    roster.setTransfer(STRANGER, { file: "node.img.zst", sent: 1, size: 2 });
    expect(roster.find(STRANGER)).toBeUndefined();
  });

  test("journals each step of a machine once", async () => {
    await roster.apply(CP1, BOOT);
    await roster.apply(CP1, TOKEN);
    await roster.apply(CP1, BOOT);
    expect(entries.map(({ text }) => text)).toEqual([
      "booting: it was never installed; attempt 1 of 5",
      "booting: it booted again before it was installed; attempt 2 of 5",
    ]);
  });
});
