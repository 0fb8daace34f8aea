import fc from "fast-check";
import { expect, test } from "vitest";
import { PacketCache } from "../../../bootstrapper/dns/packet-cache.ts";
import { query } from "../../support/dns.ts";

/** An answer of which only the beginning matters: the question, then something to know it by. */
const answerTo = (message: Buffer, mark: string): Buffer => {
  const answer = Buffer.concat([message, Buffer.from(mark)]);
  answer[2] = 0x84;
  return answer;
};
const kept = (message: Buffer, mark = "mark"): PacketCache => {
  const cache = new PacketCache();
  cache.keep(message, [answerTo(message, mark)], true, 0);
  return cache;
};
const marks = (found: Buffer | undefined): string | undefined => found?.subarray(-4).toString();

test("the same question again gets its answer, with its own id and capitals", () => {
  const cache = kept(query("cp-1.cluster.lab", { id: 1 }));
  const asked = query("CP-1.Cluster.lab", { id: 0xbeef });
  const found = cache.find(asked, 0)!;
  expect(marks(found)).toBe("mark");
  expect(found.readUInt16BE(0)).toBe(0xbeef);
  expect(found[2]).toBe(0x84);
  expect(found.subarray(12, asked.length).equals(asked.subarray(12))).toBe(true);
});

const plain = query("a.lab", { type: 0x41 });
const changed = (change: (bytes: Buffer) => void, from = plain): Buffer => {
  const bytes = Buffer.from(from);
  change(bytes);
  return bytes;
};
// biome-ignore format: a table
test.each([
  { what: "another name",                     message: query("b.lab", { type: 0x41 }) },
  { what: "a longer name",                    message: query("a.a.lab", { type: 0x41 }) },
  { what: "another type, of the same letter", message: query("a.lab", { type: 0x61 }) },
  { what: "another class",                    message: query("a.lab", { type: 0x41, class: 3 }) },
  { what: "a question without recursion",     message: query("a.lab", { type: 0x41, recursion: false }) },
  { what: "EDNS",                             message: query("a.lab", { type: 0x41, edns: 1232 }) },
  { what: "CD",                               message: changed((bytes) => { bytes[3]! |= 0x10; }) },
])("$what is another question", ({ message }) => {
  const cache = kept(plain);
  expect(cache.find(message, 0)).toBeUndefined();
  cache.keep(message, [answerTo(message, "else")], true, 0);
  expect([marks(cache.find(message, 0)), marks(cache.find(plain, 0))]).toEqual(["else", "mark"]);
});

const withOpt = query("a.lab", { edns: 1232 });
// biome-ignore format: a table
test.each([
  { what: "a response",             message: changed((bytes) => { bytes[2]! |= 0x80; }) },
  { what: "an UPDATE",              message: changed((bytes) => { bytes[2]! |= 5 << 3; }) },
  { what: "two questions",          message: changed((bytes) => { bytes[5] = 2; }) },
  { what: "a record",               message: changed((bytes) => { bytes[7] = 1; }) },
  { what: "bytes behind its end",   message: Buffer.concat([plain, Buffer.of(0)]) },
  { what: "a cut question",         message: plain.subarray(0, -1) },
  { what: "a pointer for a name",   message: changed((bytes) => { bytes[12] = 0xc0; }) },
  { what: "EDNS version 1",         message: changed((bytes) => { bytes[bytes.length - 5] = 1; }, withOpt) },
  { what: "an option",              message: changed((bytes) => { bytes[bytes.length - 1] = 4; }, Buffer.concat([withOpt, Buffer.alloc(4)])) },
  { what: "nothing",                message: Buffer.alloc(0) },
])("$what is never answered from here", ({ message }) => {
  const cache = kept(plain);
  cache.keep(message, [answerTo(plain, "fool")], true, 0);
  expect(cache.find(message, 0)).toBeUndefined();
});

test("AD alone makes no other question", () => {
  expect(
    marks(
      kept(plain).find(
        changed((bytes) => {
          bytes[3]! |= 0x20;
        }),
        0,
      ),
    ),
  ).toBe("mark");
});

test("addresses take turns", () => {
  const cache = new PacketCache();
  cache.keep(plain, [answerTo(plain, "one."), answerTo(plain, "two."), answerTo(plain, "tri.")], true, 0);
  expect(Array.from({ length: 4 }, () => marks(cache.find(plain, 0)))).toEqual(["two.", "tri.", "one.", "two."]);
});

test("what hangs on leases holds for half a second, and nothing holds over a change", () => {
  const cache = new PacketCache();
  cache.keep(plain, [answerTo(plain, "mark")], false, 1000);
  expect([marks(cache.find(plain, 1499)), cache.find(plain, 1500)]).toEqual(["mark", undefined]);
  cache.keep(plain, [answerTo(plain, "mark")], true, 1000);
  cache.clear();
  expect(cache.find(plain, 1000)).toBeUndefined();
});

test("of any number of names each gets its own answer or none, and most of a rack's are kept", () => {
  const cache = new PacketCache();
  const names = Array.from({ length: 20_000 }, (_, index) => query(`n${index}.cluster.lab`));
  for (const [index, message] of names.entries()) cache.keep(message, [answerTo(message, String(index).padStart(5))], true, 0);
  let found = 0;
  for (const [index, message] of names.entries()) {
    const answer = cache.find(message, 0);
    if (!answer) continue;
    found += 1;
    expect(answer.subarray(-5).toString()).toBe(String(index).padStart(5));
  }
  expect(found).toBeGreaterThan(4000);
  expect(found).toBeLessThanOrEqual(8192);
});

test("no bytes are answered with what was kept for others", () => {
  const cache = kept(withOpt);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: withOpt.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }),
      fc.nat({ max: 3 }),
      (changes, cut) => {
        const message = Buffer.from(withOpt.subarray(0, withOpt.length - cut));
        for (const [at, byte] of changes) if (at < message.length) message[at] = byte;
        const lower = (bytes: Buffer): string =>
          bytes.subarray(12, -15).toString("latin1").toLowerCase() + bytes.subarray(-15).toString("latin1");
        if (cache.find(message, 0)) expect(lower(message)).toBe(lower(withOpt));
      },
    ),
    { numRuns: 2000 },
  );
});
