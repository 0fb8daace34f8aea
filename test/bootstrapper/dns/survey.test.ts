import fc from "fast-check";
import { expect, test } from "vitest";
import { survey } from "../../../bootstrapper/dns/survey.ts";
import { WireError } from "../../../bootstrapper/wire/error.ts";
import { parsed, query, respond } from "../../support/dns.ts";

/** A message of a header, with its four counts, and a body. */
const message = (counts: readonly number[], ...body: (number | string | Uint8Array)[]): Buffer => {
  const parts = body.map((part) => (typeof part === "number" ? Buffer.of(part) : Buffer.from(part as string, "latin1")));
  const header = Buffer.alloc(12);
  for (const [index, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * index);
  return Buffer.concat([header, ...parts]);
};
const QUESTION = "\x01a\0\0\x01\0\x01"; // a. A IN, ends at 19

test("finds the question and every record", () => {
  const found = survey(respond(parsed(query("cp-1.cluster.lab", { id: 7 })), "10.0.0.11", 60).toBuffer());
  expect(found).toMatchObject({ id: 7, response: true, truncated: false, opcode: 0, rcode: 0, question: { type: 1, class: 1, end: 34 } });
  expect(found.records).toHaveLength(1);
  expect(found.records[0]).toMatchObject({ section: "answer", type: 1, class: 1, ttl: 60, at: 34, end: 50, root: false });
  expect([...found.records[0]!.data]).toEqual([10, 0, 0, 11]);
});

// biome-ignore format: a table
test.each([
  { when: "it has half a header",                   bytes: Buffer.alloc(11),                                       says: "11 bytes" },
  { when: "it has no question",                     bytes: message([0, 0, 0, 0]),                                  says: "0 questions" },
  { when: "it has many questions",                  bytes: message([0xffff, 0, 0, 0], QUESTION),                   says: "65535 questions" },
  { when: "the question is not there",              bytes: message([1, 0, 0, 0]),                                  says: "it ends inside the name at 12" },
  { when: "the question's type is cut",             bytes: message([1, 0, 0, 0], "\x01a\0\0"),                     says: "reach behind its end" },
  { when: "the question's name points to itself",   bytes: message([1, 0, 0, 0], "\xc0\x0c\0\x01\0\x01"),          says: "a label of 0xc0" },
  { when: "the question's name points forward",     bytes: message([1, 0, 0, 0], "\xc0\x20\0\x01\0\x01"),          says: "a label of 0xc0" },
  { when: "a label is longer than 63",              bytes: message([1, 0, 0, 0], `\x40${"a".repeat(64)}\0\0\x01\0\x01`), says: "a label of 0x40" },
  { when: "the name is longer than 255",            bytes: message([1, 0, 0, 0], `${`\x3f${"a".repeat(63)}`.repeat(4)}\0\0\x01\0\x01`), says: "longer than 255" },
  { when: "a record's name points to itself",       bytes: message([1, 1, 0, 0], QUESTION, "\xc0\x13", "\0".repeat(10)), says: "points to 19, which is not before it" },
  { when: "a record's name points forward",         bytes: message([1, 1, 0, 0], QUESTION, "\xc0\x30", "\0".repeat(10)), says: "points to 48" },
  { when: "a record's name points into the header", bytes: message([1, 1, 0, 0], QUESTION, "\xc0\x02", "\0".repeat(10)), says: "points to 2" },
  { when: "two records' names point at each other", bytes: message([1, 2, 0, 0], QUESTION, "\xc0\x1f", "\0".repeat(10), "\xc0\x13", "\0".repeat(10)), says: "points to 31" },
  { when: "a record's data is longer than the rest", bytes: message([1, 1, 0, 0], QUESTION, "\0\0\x01\0\x01\0\0\0\0\xff\xff"), says: "65535 bytes at 30" },
  { when: "there are fewer records than it says",   bytes: message([1, 0, 0, 0xffff], QUESTION),                   says: "it ends inside the name at 19" },
])("refuses a message when $when", ({ bytes, says }) => {
  expect(() => survey(bytes)).toThrow(says);
});

test("any bytes are surveyed or refused", () => {
  const likely = fc.uint8Array({ maxLength: 300, size: "max" }).map((rest) => message([1, 1, 1, 1], QUESTION, rest));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300, size: "max" }), likely), (bytes) => {
      try {
        expect(survey(Buffer.from(bytes)).question.end).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("names that lead through thousands of others are measured without following them", () => {
  const count = Math.floor((65535 - 19) / 12);
  const chain = Array.from({ length: count }, (_, i) => {
    const before = i === 0 ? 12 : Math.min(19 + 12 * (i - 1), 0x3fff);
    return Buffer.from([0xc0 | (before >> 8), before & 255, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
  });
  expect(survey(message([1, count, 0, 0], QUESTION, ...chain)).records).toHaveLength(count);
});
