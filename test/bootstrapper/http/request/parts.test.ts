/** The small readers of a request: address, machine, token, range, report. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inShell } from "../../../../bootstrapper/http/refusal.ts";
import { callerOf } from "../../../../bootstrapper/http/request/caller.ts";
import { machinePath } from "../../../../bootstrapper/http/request/machine-path.ts";
import { honoured } from "../../../../bootstrapper/http/request/range.ts";
import { bearer, hashOf, matches } from "../../../../bootstrapper/http/request/tokens.ts";
import { MAX_DISK, MAX_REASON, parseReport } from "../../../../bootstrapper/http/secrets/report-form.ts";
import { type Ipv4, mac } from "../../../../cluster/address.ts";
import { CP1 } from "../small-world.ts";

const machines = { holder: (address: Ipv4) => (address === "10.0.0.11" ? CP1 : undefined) };

test.each([
  { remote: "10.0.0.11", caller: { address: "10.0.0.11", mac: CP1 } },
  { remote: "::ffff:10.0.0.11", caller: { address: "10.0.0.11", mac: CP1 } },
  { remote: "10.0.0.12", caller: { address: "10.0.0.12" } },
  { remote: "fe80::1", caller: { address: "fe80::1" } },
  { remote: "::ffff:0a00:000b", caller: { address: "::ffff:0a00:000b" } },
  { remote: undefined, caller: { address: "an unknown address" } },
])("a socket at $remote is $caller", ({ remote, caller }) => {
  expect(callerOf(remote, machines)).toEqual(caller);
});

test("a machine is found in every notation, with and without a suffix", () => {
  const pair = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, "0"));
  const suffixes = fc.constantFrom(".ipxe", ".ign", "");
  const notation = fc.constantFrom(
    (p: string[]) => p.join(":"),
    (p: string[]) => p.join("-").toUpperCase(),
    (p: string[]) => p.join(""),
    (p: string[]) => `${p.slice(0, 2).join("")}.${p.slice(2, 4).join("")}.${p.slice(4).join("")}`,
  );
  fc.assert(
    fc.property(fc.array(pair, { minLength: 6, maxLength: 6 }), notation, suffixes, (pairs, write, suffix) => {
      expect(machinePath(write(pairs) + suffix, [".ipxe", ".ign"])).toEqual({ mac: mac(pairs.join(":")), suffix });
    }),
  );
});

test("a token matches its own hash and nothing else", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (token, other) => {
      expect(matches(token, hashOf(token))).toBe(true);
      expect(matches(other, hashOf(token))).toBe(other === token);
      expect(matches(token, other)).toBe(false);
    }),
  );
  expect(matches(undefined, hashOf(""))).toBe(false);
  expect(matches("x", undefined)).toBe(false);
});

test.each([
  ["Bearer abc", "abc"],
  ["bearer   abc ", "abc"],
  ["Basic abc", undefined],
  ["Bearer", undefined],
  ["Bearer a b", undefined],
  [`Bearer ${"x".repeat(513)}`, undefined],
  [undefined, undefined],
])("%s carries the token %s", (header, token) => {
  expect(bearer(header)).toBe(token);
});

test.each([
  { range: "bytes=0-99", ifRange: "", yes: true },
  { range: "bytes=100-", ifRange: '"tag"', yes: true },
  { range: "bytes=-5", ifRange: "", yes: true },
  { range: "bytes=0-1,5-6", ifRange: "", yes: false },
  { range: "bytes=0-,0-,0-", ifRange: "", yes: false },
  { range: "bytes=-", ifRange: "", yes: false },
  { range: "lines=0-1", ifRange: "", yes: false },
  { range: "bytes=0-99999999999999999999", ifRange: "", yes: false },
  { range: "bytes=0-1", ifRange: 'W/"tag"', yes: false },
  { range: undefined, ifRange: "", yes: false },
])("Range $range with If-Range $ifRange is honoured: $yes", ({ range, ifRange, yes }) => {
  expect(honoured(range, ifRange)).toBe(yes);
});

test("any form is a report of bounded, printable text, or a reason why it is none", () => {
  const field = fc.constantFrom("phase", "disk", "reason", "other");
  const value = fc.oneof(
    fc.constantFrom("installing", "installed", "configuring", "ready", "failed"),
    fc.string({ unit: "binary", size: "max", maxLength: 3000 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(field, value), { maxLength: 4 }), (pairs) => {
      const parsed = parseReport(new URLSearchParams(pairs));
      const text = "because" in parsed ? parsed.because : JSON.stringify(parsed.report);
      expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
      if ("report" in parsed && parsed.report.phase === "installing") expect(parsed.report.disk.length).toBeLessThanOrEqual(MAX_DISK);
      if ("report" in parsed && parsed.report.phase === "failed") expect(parsed.report.reason.length).toBeLessThanOrEqual(MAX_REASON);
    }),
  );
});

test("a reason of many lines becomes one line, and a long one is cut", () => {
  const parsed = parseReport(new URLSearchParams({ phase: "failed", reason: "curl: (28)\n\ttimed out\r\n" }));
  expect(parsed).toEqual({ report: { phase: "failed", reason: "curl: (28) timed out" } });
  const long = parseReport(new URLSearchParams({ phase: "failed", reason: "x".repeat(5000) }));
  expect(long).toMatchObject({ report: { reason: expect.stringMatching(/^x{999}…$/) } });
});

test("a refusal as a script prints its words, whatever is in them, and fails", () => {
  const nasty = `it's $(touch /tmp/owned) \`id\` "x" %s \\n`;
  const script = inShell({ what: nasty, because: nasty, todo: nasty });
  const run = execFileSync("sh", ["-c", `sh -s 2>&1 || echo "exit $?"`], { input: script, encoding: "utf8" });
  expect(run).toBe(`refused: ${nasty}\nbecause: ${nasty}\nwhat to do: ${nasty}\nexit 1\n`);
});
