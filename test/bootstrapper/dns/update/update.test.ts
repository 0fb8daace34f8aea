/** What an UPDATE may and may not do, entry by entry. RFC 2136 §3. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { nameWire } from "../../../../bootstrapper/dns/name.ts";
import { CLASSES, RCODES, TYPES } from "../../../../bootstrapper/dns/numbers.ts";
import { shown } from "../../../../bootstrapper/dns/rdata.ts";
import { addressData, dataOf, soaData } from "../../../../bootstrapper/dns/record.ts";
import type { Entry } from "../../../../bootstrapper/dns/update/read.ts";
import { decideUpdate, type Outcome, type Sets, total } from "../../../../bootstrapper/dns/update/update.ts";
import type { Zone } from "../../../../bootstrapper/dns/zone/zone.ts";
import { ipv4 } from "../../../../cluster/address.ts";
import { record, world } from "../../../support/dns.ts";

const { A, TXT, CNAME, SOA, NS, ANY, AAAA } = TYPES;
const { IN, NONE } = CLASSES;
const NOTHING = Buffer.alloc(0);
const address = (text: string): Buffer => addressData(ipv4(text));
const text = (...texts: string[]): Buffer => dataOf({ type: "TXT", texts });

const entry = (name: string, type: number, data: Uint8Array = NOTHING, class_: number = IN, ttl = 0): Entry => ({
  name: name === "@" ? "cluster.lab" : `${name}.cluster.lab`,
  type,
  class: class_,
  ttl,
  data,
});
const add = (name: string, type: number, data: Uint8Array, ttl = 300): Entry => entry(name, type, data, IN, ttl);
const drop = (name: string, type: number, data: Uint8Array = NOTHING): Entry =>
  entry(name, type, data, data.length > 0 ? NONE : CLASSES.ANY);

interface Bench {
  decide(updates: readonly Entry[], prerequisites?: readonly Entry[]): Outcome;
  /** What a name holds after what was decided has been done. */
  held(name: string): string[];
}
function bench(limit = 100): Bench {
  const source = world({ dns: { records: [record("www.cluster.lab", { type: "CNAME", target: "cp-1.cluster.lab" })] } });
  const zone: Zone = source.zones.main;
  let held = 0;
  return {
    decide: (updates, prerequisites = []) => {
      const outcome = decideUpdate({ zone: "cluster.lab", prerequisites, updates }, { ...source, zone, limit, held });
      if (!("changes" in outcome)) return outcome;
      for (const [name, sets] of outcome.changes) {
        held += total([sets]) - total([zone.written.get(name)?.sets ?? new Map()]);
        zone.set("written", name, sets.size > 0 ? { sets, hosts: [] } : undefined);
      }
      return outcome;
    },
    held: (name) => {
      const sets: Sets = zone.written.get(name === "@" ? "cluster.lab" : `${name}.cluster.lab`)?.sets ?? new Map();
      return [...sets].flatMap(([type, { ttl, data }]) => data.map((each) => `${ttl} ${shown(type, each)}`)).sort();
    },
  };
}
const one = address("192.0.2.1");
const two = address("192.0.2.2");

test("records are added, once each, and share the newest TTL", () => {
  const { decide, held } = bench();
  expect(decide([add("a", A, one), add("a", A, one), add("a", A, two, 60), add("a", TXT, text("x"))])).toMatchObject({ rcode: 0 });
  expect(held("a")).toEqual(['300 "x"', "60 192.0.2.1", "60 192.0.2.2"]);
});

test("a record, a set or a whole name is deleted; what is not there is deleted without a word", () => {
  const { decide, held } = bench();
  decide([add("a", A, one), add("a", A, two), add("a", TXT, text("x")), add("a", AAAA, Buffer.alloc(16))]);
  expect(decide([drop("a", A, one), drop("a", A, address("192.0.2.9")), drop("b", ANY)])).toMatchObject({ rcode: 0 });
  expect(held("a")).toEqual(['300 "x"', "300 192.0.2.2", "300 0:0:0:0:0:0:0:0"].sort());
  decide([drop("a", TXT)]);
  expect(held("a")).toHaveLength(2);
  decide([drop("a", ANY)]);
  expect(held("a")).toEqual([]);
});

test("a CNAME and other records do not meet, whichever came first, and a second CNAME replaces the first", () => {
  const { decide, held } = bench();
  decide([add("a", A, one), add("a", CNAME, nameWire("b.cluster.lab")), add("c", CNAME, nameWire("a.cluster.lab")), add("c", A, one)]);
  expect([held("a"), held("c")]).toEqual([["300 192.0.2.1"], ["300 a.cluster.lab"]]);
  decide([add("c", CNAME, nameWire("d.cluster.lab"), 60)]);
  expect(held("c")).toEqual(["60 d.cluster.lab"]);
  decide([drop("a", ANY), add("a", CNAME, nameWire("b.cluster.lab")), add("@", CNAME, nameWire("b.cluster.lab"))]);
  expect([held("a"), held("@")]).toEqual([["300 b.cluster.lab"], []]);
});

// biome-ignore format: a table
test.each([
  { what: "a machine's name",        update: add("cp-1", A, one),                                  because: "belongs to the cluster's description" },
  { what: "a machine's other types", update: add("cp-1", TXT, text("x")),                          because: "belongs to the cluster's description" },
  { what: "a machine without an address", update: add("w-2", A, one),                              because: "belongs to the cluster's description" },
  { what: "a MAC's name",            update: add("52-54-00-00-00-11", A, one),                     because: "belongs to the cluster's description" },
  { what: "the API's name",          update: drop("api", ANY),                                     because: "belongs to the cluster's description" },
  { what: "the ingress wildcard",    update: drop("*.apps", A),                                    because: "belongs to the cluster's description" },
  { what: "a described record",      update: drop("www", CNAME),                                   because: "belongs to the cluster's description" },
  { what: "a lease's name",          update: add("stranger", A, one),                              because: "a DHCP lease holds the name" },
  { what: "the zone's SOA",          update: add("@", SOA, soaData({ primary: "a", admin: "b", serial: 9, minimum: 1 })), because: "bootstrapper's" },
  { what: "the zone's NS",           update: drop("@", NS),                                        because: "bootstrapper's" },
])("$what cannot be changed, nor anything with it", ({ update, because }) => {
  const { decide, held } = bench();
  expect(decide([add("fine", A, one), update])).toEqual({ rcode: RCODES.refused, because: expect.stringContaining(because) });
  expect(held("fine")).toEqual([]);
});

test("beside the zone's own records the apex may hold others, and deleting everything there leaves the zone's own", () => {
  const { decide, held } = bench();
  decide([add("@", TXT, text("v=spf1")), add("below.apps", A, one)]);
  expect([held("@"), held("below.apps")]).toEqual([['300 "v=spf1"'], ["300 192.0.2.1"]]);
  expect(decide([drop("@", ANY)])).toMatchObject({ rcode: 0 });
  expect(held("@")).toEqual([]);
});

// biome-ignore format: a table
test.each([
  { when: "its name is elsewhere",      update: { ...add("a", A, one), name: "example.com" },   rcode: RCODES.notZone },
  { when: "it adds an AXFR",            update: add("a", TYPES.AXFR, NOTHING),                  rcode: RCODES.formErr },
  { when: "it adds an ANY",             update: add("a", ANY, NOTHING),                         rcode: RCODES.formErr },
  { when: "it deletes a set with data", update: entry("a", A, one, CLASSES.ANY),                rcode: RCODES.formErr },
  { when: "it deletes with a TTL",      update: entry("a", A, NOTHING, CLASSES.ANY, 5),         rcode: RCODES.formErr },
  { when: "it deletes one ANY",         update: entry("a", ANY, one, NONE),                     rcode: RCODES.formErr },
  { when: "its class is CHAOS",         update: entry("a", A, one, CLASSES.CHAOS),              rcode: RCODES.formErr },
])("an update is none when $when, and nothing of it is done", ({ update, rcode }) => {
  const { decide, held } = bench();
  expect(decide([add("fine", A, one), update])).toMatchObject({ rcode });
  expect(held("fine")).toEqual([]);
});

const needs = (name: string, type: number, class_: number, data: Uint8Array = NOTHING, ttl = 0): Entry =>
  entry(name, type, data, class_, ttl);
// biome-ignore format: a table
test.each([
  { needs: "a name in use",                 entries: [needs("cp-1", ANY, CLASSES.ANY)],             rcode: RCODES.noError },
  { needs: "a name in use by a lease",      entries: [needs("stranger", ANY, CLASSES.ANY)],         rcode: RCODES.noError },
  { needs: "a name in use that is not",     entries: [needs("nobody", ANY, CLASSES.ANY)],           rcode: RCODES.nxDomain },
  { needs: "a name in use above others",    entries: [needs("apps", ANY, CLASSES.ANY)],             rcode: RCODES.nxDomain },
  { needs: "a name not in use",             entries: [needs("nobody", ANY, NONE)],                  rcode: RCODES.noError },
  { needs: "a name not in use that is",     entries: [needs("cp-1", ANY, NONE)],                    rcode: RCODES.yxDomain },
  { needs: "a set",                         entries: [needs("cp-1", A, CLASSES.ANY)],               rcode: RCODES.noError },
  { needs: "the zone's SOA",                entries: [needs("@", SOA, CLASSES.ANY)],                rcode: RCODES.noError },
  { needs: "a set that is not there",       entries: [needs("cp-1", TXT, CLASSES.ANY)],             rcode: RCODES.nxRrset },
  { needs: "no set",                        entries: [needs("cp-1", TXT, NONE)],                    rcode: RCODES.noError },
  { needs: "no set where there is one",     entries: [needs("cp-1", A, NONE)],                      rcode: RCODES.yxRrset },
  { needs: "these records and no others",   entries: [needs("cp-1", A, IN, address("10.0.0.11"))],  rcode: RCODES.noError },
  { needs: "other records",                 entries: [needs("cp-1", A, IN, one)],                   rcode: RCODES.nxRrset },
  { needs: "more records than there are",   entries: [needs("cp-1", A, IN, address("10.0.0.11")), needs("cp-1", A, IN, one)], rcode: RCODES.nxRrset },
  { needs: "fewer records than there are",  entries: [needs("api", A, IN, address("10.0.0.11"))],   rcode: RCODES.nxRrset },
  { needs: "a target in capitals",          entries: [needs("www", CNAME, IN, nameWire("CP-1.cluster.LAB"))], rcode: RCODES.noError },
  { needs: "something with a TTL",          entries: [needs("cp-1", A, CLASSES.ANY, NOTHING, 5)],   rcode: RCODES.formErr },
  { needs: "something of class CHAOS",      entries: [needs("cp-1", A, CLASSES.CHAOS)],             rcode: RCODES.formErr },
  { needs: "a name elsewhere",              entries: [{ ...needs("a", A, NONE), name: "a.example" }], rcode: RCODES.notZone },
])("when $needs is required the update gets $rcode", ({ entries, rcode }) => {
  const { decide, held } = bench();
  expect(decide([add("new", A, one)], entries)).toMatchObject({ rcode });
  expect(held("new")).toEqual(rcode === 0 ? ["300 192.0.2.1"] : []);
});

test("what is written is bounded, and what makes it less is always done", () => {
  const { decide, held } = bench(3);
  expect(decide([add("a", A, one), add("a", A, two), add("b", A, one)])).toMatchObject({ rcode: 0 });
  expect(decide([add("c", A, one)])).toMatchObject({
    rcode: RCODES.refused,
    because: expect.stringContaining("3 records are written already"),
  });
  expect(decide([drop("a", A, one), add("c", A, one)])).toMatchObject({ rcode: 0 });
  expect(held("c")).toEqual(["300 192.0.2.1"]);
});

test("any list of entries is done whole or not at all, and never touches what is not its own", () => {
  const label = fc.constantFrom("a", "b", "cp-1", "stranger", "@", "*.apps", "x.y");
  const kind = fc.constantFrom<readonly [number, Buffer]>(
    [A, one],
    [A, two],
    [TXT, text("x")],
    [CNAME, nameWire("t.lab")],
    [SOA, NOTHING],
    [NS, nameWire("t.lab")],
    [ANY, NOTHING],
  );
  const kinds = fc.tuple(label, kind, fc.constantFrom(IN, NONE, CLASSES.ANY), fc.boolean());
  const all = fc.array(
    kinds.map(([name, [type, data], class_, bare]) => entry(name, type, bare && class_ !== IN ? NOTHING : data, class_, 0)),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(fc.array(all, { maxLength: 4 }), (messages) => {
      const { decide, held } = bench();
      for (const updates of messages) {
        const before = ["a", "b", "@", "x.y"].map(held);
        const outcome = decide(updates);
        expect(outcome.because).not.toBe("");
        if (outcome.rcode !== 0) expect(["a", "b", "@", "x.y"].map(held)).toEqual(before);
        expect(["cp-1", "stranger", "*.apps"].flatMap(held)).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
});
