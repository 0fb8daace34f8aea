import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { type JournalEntry, makeJournal } from "../../bootstrapper/journal.ts";
import { Flood } from "../../bootstrapper/journal-flood.ts";
import { harmless, line } from "../../bootstrapper/journal-line.ts";
import { mac } from "../../cluster/address.ts";
import { memoryStore } from "../support/memory-store.ts";

const AT = Date.UTC(2026, 10, 21, 8, 2);
const MAC = mac("52:54:00:00:00:11");
const OFFER = { from: "dhcp", mac: MAC, level: "info", text: "offer 10.0.0.11 undionly.kpxe: cp-1 asked" } as const;

describe("a line", () => {
  test("begins with the time, then who speaks of whom", () => {
    expect(line({ at: AT, ...OFFER }, "text")).toBe(
      "2026-11-21T08:02:00Z dhcp 52:54:00:00:00:11 offer 10.0.0.11 undionly.kpxe: cp-1 asked",
    );
  });

  test("says when somebody should look", () => {
    expect(line({ at: AT, from: "time", level: "warning", text: "chronyd ended" }, "text")).toBe(
      "2026-11-21T08:02:00Z time warning: chronyd ended",
    );
  });

  test("is JSON for programs", () => {
    expect(JSON.parse(line({ at: AT, ...OFFER }, "json"))).toEqual({ time: "2026-11-21T08:02:00.000Z", ...OFFER });
  });

  test("stays one line and plain, whatever a machine calls itself", () => {
    expect(harmless("a\nb\u001b[31mc\u202ed")).toBe("a?b?[31mc?d");
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000, size: "max" }), (text) => {
        const said = harmless(text);
        expect(said.length).toBeLessThanOrEqual(1200);
        expect(said).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe("a flood", () => {
  test("of the same words is said once, then counted", () => {
    const flood = new Flood(AT);
    expect(flood.pass(OFFER, AT)).toEqual([OFFER]);
    for (let again = 0; again < 200; again++) expect(flood.pass(OFFER, AT + again)).toEqual([]);
    expect(flood.due(AT + 9_999)).toEqual([]);
    expect(flood.due(AT + 10_000)).toEqual([{ ...OFFER, text: `${OFFER.text} ... repeated 200 times` }]);
    expect(flood.due(AT + 20_000)).toEqual([]);
    expect(flood.pass(OFFER, AT + 20_000)).toEqual([OFFER]);
  });

  test("of ever different words is cut off, and what was left out is counted", () => {
    const flood = new Flood(AT);
    const said = Array.from({ length: 30_000 }, (_, index) => flood.pass({ ...OFFER, text: `${index}` }, AT)).flat();
    expect(said).toHaveLength(20_000);
    const later = flood.pass({ ...OFFER, text: "later" }, AT + 1000);
    expect(later.map(({ text }) => text)).toEqual(["left out 10000 entries: there were more than 100 a second", "later"]);
  });

  test("never makes more of what it hears, and forgets nothing it did not count", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(4000)), { maxLength: 200, size: "max" }), (words) => {
        const flood = new Flood(AT);
        let now = AT;
        const said = words.flatMap(([text, later]) => {
          now += later;
          return flood.pass({ ...OFFER, text }, now);
        });
        const all = [...said, ...flood.due(Number.POSITIVE_INFINITY)];
        const heard = all.reduce((sum, { text }) => sum + Number(/repeated (\d+) time/.exec(text)?.[1] ?? 1), 0);
        expect(heard).toBe(words.length);
      }),
    );
  });
});

describe("the journal", () => {
  const opened = () => {
    const store = memoryStore();
    const printed: string[] = [];
    const log = store.log<JournalEntry>("journal", 100);
    return { store, printed, log, ...makeJournal({ log, print: (text) => printed.push(text), format: "text", now: () => AT }) };
  };

  test("prints and keeps every entry with its time", async () => {
    const { journal, tail, printed, close } = opened();
    journal(OFFER);
    await close();
    expect(await tail(10)).toEqual([{ at: AT, ...OFFER }]);
    expect(printed).toEqual([line({ at: AT, ...OFFER }, "text")]);
  });

  test("waits for nobody: a disk that hangs stops neither the caller nor the terminal", async () => {
    const { store, journal, printed, close } = opened();
    const release = store.hold();
    for (let index = 0; index < 7000; index++) journal({ ...OFFER, text: `${index}` });
    expect(printed).toHaveLength(7000);
    expect(store.waiting()).toBeLessThanOrEqual(5000);
    release();
    await close();
  });

  test("says once that it is not kept, while the disk refuses", async () => {
    const { store, journal, printed, close } = opened();
    store.fail(new Error("no space left"));
    for (const text of ["one", "two", "three"]) journal({ ...OFFER, text });
    await vi.waitFor(() => expect(printed.filter((text) => text.includes("the journal is not kept: no space left"))).toHaveLength(1));
    await close();
    expect(printed).toHaveLength(4);
  });
});
