import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ipv4 } from "../../../cluster/address.ts";
import type { DnsData, DnsRecord } from "../../../cluster/cluster.ts";
import { completed, formatRecord, zoneLine } from "../../../cluster/description/dns-record.ts";

const read = (line: string): DnsRecord => completed(zoneLine(line), "demo.lan");

describe("a line of a zone file is read", () => {
  test.each([
    { line: "www A 10.0.0.5", is: { name: "www.demo.lan", ttl: 300, type: "A", address: "10.0.0.5" } },
    { line: "www 60 A 10.0.0.5", is: { name: "www.demo.lan", ttl: 60 } },
    { line: "www IN 60 A 10.0.0.5", is: { ttl: 60, type: "A" } },
    { line: "  www   1h30m in\ta 10.0.0.5 ", is: { ttl: 5400, type: "A" } },
    { line: "WWW.Demo.Lan. A 10.0.0.5", is: { name: "www.demo.lan" } },
    { line: "@ NS ns1", is: { name: "demo.lan", type: "NS", target: "ns1.demo.lan" } },
    { line: "*.web CNAME lb.example.com.", is: { name: "*.web.demo.lan", type: "CNAME", target: "lb.example.com" } },
    { line: "www AAAA 2001:DB8:0:0:0:0:0:1", is: { type: "AAAA", address: "2001:db8::1" } },
    { line: "www AAAA ::ffff:10.0.0.5", is: { type: "AAAA", address: "::ffff:a00:5" } },
    { line: "10.0.0.5 PTR www", is: { name: "5.0.0.10.in-addr.arpa", target: "www.demo.lan" } },
    { line: "_ldap._tcp SRV 10 20 389 dc", is: { type: "SRV", priority: 10, weight: 20, port: 389, target: "dc.demo.lan" } },
    { line: "info TXT one two", is: { type: "TXT", texts: ["one", "two"] } },
    { line: 'info TXT "a b" "say \\"hi\\" \\\\ \\065"', is: { texts: ["a b", 'say "hi" \\ A'] } },
    { line: 'info TXT ""', is: { texts: [""] } },
    // The first word is the name, whatever it looks like.
    { line: "a A 10.0.0.5", is: { name: "a.demo.lan" } },
    { line: "60 A 10.0.0.5", is: { name: "60.demo.lan", ttl: 300 } },
  ])("$line", ({ line, is }) => {
    expect(read(line)).toMatchObject(is);
  });
});

describe("what is no record is refused with a word on what to write", () => {
  test.each([
    { line: "", says: "write it as in www 300 A 10.0.0.5" },
    { line: "www", says: '"www" is not a whole record; write name, type and data, as in www 300 A 10.0.0.5' },
    { line: "www MX 10 mail", says: '"MX" is not one of A, AAAA, CNAME, NS, PTR, SRV, TXT' },
    { line: "www AAA fd00::1", says: "; write AAAA" },
    { line: "www A", says: "an A record has one datum; write an address, as in 10.0.0.5, and nothing behind it" },
    { line: "www A 10.0.0.5 10.0.0.6", says: "an A record has one datum" },
    { line: "www A fd00::5", says: '"fd00::5" is not an IPv4 address' },
    { line: "www AAAA 10.0.0.5", says: '"10.0.0.5" is not an IPv6 address; write one such as fd00::5' },
    { line: "www AAAA fd00::1::2", says: "is not an IPv6 address" },
    { line: "www AAAA fe80::1%eth0", says: "is not an IPv6 address" },
    { line: "www 99w1y A 10.0.0.5", says: "is not a length of time" },
    { line: "www 999999999w A 10.0.0.5", says: "write at most 2147483647 seconds" },
    { line: "w..x A 10.0.0.5", says: '"w..x" is not a name in a DNS zone; write labels with dots between' },
    { line: "-w A 10.0.0.5", says: '"-w" is not a name in a DNS zone' },
    { line: "a.*.b A 10.0.0.5", says: "is not a name in a DNS zone" },
    { line: "www CNAME *.x", says: '"*.x" is not a name in a DNS zone' },
    { line: `${"a".repeat(64)} A 10.0.0.5`, says: "is not a name in a DNS zone" },
    { line: '"www" A 10.0.0.5', says: "is not a record" },
    { line: "_x._tcp SRV 10 20 dc", says: "write priority, weight, port and target, as in 0 5 389 ldap" },
    { line: "_x._tcp SRV 10 20 65536 dc", says: '"65536" is not a number that fits here; write a number from 0 to 65535' },
    { line: "info TXT", says: "a TXT record has at least one text" },
    { line: 'info TXT "a', says: "has a quote without its partner" },
    { line: 'info TXT "a"b"', says: "has a quote without its partner" },
    { line: `info TXT ${"a".repeat(256)}`, says: "is longer than 255 bytes; write it as several texts, each in quotes" },
    { line: 'info TXT "\\200"', says: "is no escape that is understood" },
  ])("$line", ({ line, says }) => {
    expect(() => zoneLine(line)).toThrow(TypeError);
    expect(() => zoneLine(line)).toThrow(says);
  });
});

const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const target = name;
const uint16 = fc.nat(65_535);
const data: fc.Arbitrary<DnsData> = fc.oneof(
  fc.record({ type: fc.constant("A" as const), address: fc.ipV4().map(ipv4) }),
  fc.record({ type: fc.constant("AAAA" as const), address: fc.ipV6().map((one) => new URL(`http://[${one}]/`).hostname.slice(1, -1)) }),
  fc.record({ type: fc.constantFrom("CNAME" as const, "NS" as const, "PTR" as const), target }),
  fc.record({ type: fc.constant("SRV" as const), priority: uint16, weight: uint16, port: uint16, target }),
  fc.record({ type: fc.constant("TXT" as const), texts: fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 3 }) }),
);

test("every record is written as a line that is read as the same record", () => {
  const owner = fc.tuple(fc.boolean(), name).map(([wild, rest]) => (wild ? `*.${rest}` : rest));
  fc.assert(
    fc.property(owner, fc.nat(2 ** 31 - 1), data, (who, ttl, what) => {
      const record: DnsRecord = { name: who, ttl, ...what };
      expect(read(formatRecord(record))).toEqual(record);
    }),
    { numRuns: 500 },
  );
});

test("any line is a record or a TypeError", () => {
  const pieces = fc.constantFrom(
    "A",
    "TXT",
    "SRV",
    "PTR",
    "AAAA",
    "300",
    "1h",
    "@",
    "*",
    "10.0.0.5",
    "::1",
    '"',
    "\\",
    ".",
    "www",
    " ",
    "\t",
  );
  const line = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 9 }).map((all) => all.join(" ")),
  );
  fc.assert(
    fc.property(line, (text) => {
      try {
        const record = read(text);
        expect(read(formatRecord(record))).toEqual(record);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toMatch(/; write /);
      }
    }),
    { numRuns: 1000 },
  );
});
