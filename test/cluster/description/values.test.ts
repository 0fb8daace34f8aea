import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as kubernetesValues from "../../../cluster/description/kubernetes-values.ts";
import * as osValues from "../../../cluster/description/os-values.ts";
import * as values from "../../../cluster/description/values.ts";

test.each([
  { write: "45", seconds: 45 },
  { write: "90s", seconds: 90 },
  { write: "15m", seconds: 900 },
  { write: "12h", seconds: 43_200 },
  { write: "7d", seconds: 604_800 },
  { write: "2w", seconds: 1_209_600 },
  { write: "1h30m", seconds: 5400 },
  { write: "infinite", seconds: Number.POSITIVE_INFINITY },
])("$write lasts $seconds seconds", ({ write, seconds }) => expect(values.duration(write)).toBe(seconds));

test.each(["", "h", "12 h", "12hours", "-5m", "1.5h", "12h ", "99999999999s", "1h30"])("%j is no length of time", (text) => {
  expect(() => values.duration(text)).toThrow(/is not a length of time; write a number with/);
});

test("a lease fits into the 32 bits that carry it, or is infinite", () => {
  expect(values.leaseTime("infinite")).toBe(Number.POSITIVE_INFINITY);
  expect(() => values.leaseTime("60s")).toThrow("write a time from 2m to 1000w");
  expect(() => values.leaseTime("999999999w")).toThrow("write a time from 2m to 1000w");
});

test.each([
  { write: "1024", bytes: 1024 },
  { write: "20000000000", bytes: 20e9 },
  { write: "20G", bytes: 20e9 },
  { write: "20GB", bytes: 20e9 },
  { write: "20 gb", bytes: 20e9 },
  { write: "20Gi", bytes: 20 * 2 ** 30 },
  { write: "512MiB", bytes: 512 * 2 ** 20 },
  { write: "1.5T", bytes: 1.5e12 },
])("$write is $bytes bytes", ({ write, bytes }) => expect(values.size(write)).toBe(bytes));

test.each(["", "G", "20 gigs", "-1G", "20X", "1e9", "20i"])("%j is no size", (text) => {
  expect(() => values.size(text)).toThrow(/is not a size; write a number with/);
});

test.each([
  { write: "stable.example.com:8080", wrong: "is not a URL to fetch from" },
  { write: "ftp://example.com/x", wrong: "is not a URL to fetch from" },
  { write: "http:///x y", wrong: "is not a URL to fetch from" },
  { write: "file://host/x", wrong: "is not a URL to fetch from" },
  { write: "javascript:alert(1)", wrong: "is not a URL to fetch from" },
  { write: "/srv/mirror", wrong: "is a path; write file:///srv/mirror" },
])("$write $wrong", ({ write, wrong }) => expect(() => values.sourceUrl(write)).toThrow(wrong));

test("a prefix of URLs loses the slash at its end, so that the next path begins with one", () => {
  expect(values.urlPrefix("https://example.com/a//")).toBe("https://example.com/a");
  expect(values.urlPrefix("file:///mnt/usb/")).toBe("file:///mnt/usb");
});

test.each([
  { write: "https://example.com/a/", means: "https://example.com/a" },
  { write: "file:///mnt/usb", means: "file:///mnt/usb" },
  { write: "/mnt/usb disk/", means: "/mnt/usb disk" },
  { write: "./mirror/", means: "./mirror" },
  { write: "../", means: ".." },
  { write: "/", means: "/" },
])("a mirror may be $write", ({ write, means }) => expect(values.mirrorPlace(write)).toBe(means));

test.each(["mirror.example.com/flatcar", "mirror", "ftp://example.com", ""])("a mirror may not be %j", (text) => {
  expect(() => values.mirrorPlace(text)).toThrow(/; write /);
});

describe("a host name", () => {
  test.each(["a", "cp-1", "52-54-00-12-34-56", "a".repeat(63)])("may be %s", (name) => expect(values.dnsLabel(name)).toBe(name));
  test.each([
    { write: "CP_1", instead: "cp-1" },
    { write: "cp.1.", instead: "cp-1" },
    { write: "-x-", instead: "x" },
    { write: "a".repeat(64), instead: "a".repeat(63) },
    { write: "localhost", instead: "lower-case letters, digits and hyphens" },
    { write: "", instead: "lower-case letters, digits and hyphens" },
  ])("is not $write; $instead would be one", ({ write, instead }) => expect(() => values.dnsLabel(write)).toThrow(`; write ${instead}`));
});

test("an address is not a domain", () => {
  expect(() => values.domainName("10.0.0.1")).toThrow("is not a domain name");
  expect(values.hostOrAddress("10.0.0.1")).toBe("10.0.0.1");
  expect(() => values.hostOrAddress("10.0.0.300")).toThrow("is not an IPv4 address");
});

test("every word for yes and no is understood in any case", () => {
  for (const word of ["y", "Y", "yes", "true", "True", "on"]) expect(values.yesNo(word)).toBe(true);
  for (const word of ["n", "N", "no", "false", "FALSE", "off"]) expect(values.yesNo(word)).toBe(false);
  expect(() => values.yesNo("maybe")).toThrow('"maybe" is neither yes nor no; write true or false');
});

test.each(["/dev/sda", "/dev/disk/by-id/ata-X_1:2", "/dev/nvme0n1"])("%s may be a disk", (path) =>
  expect(values.devicePath(path)).toBe(path),
);
test.each(["sda", "/dev/../etc/passwd", "/dev/sda;reboot", "/dev/$(id)", "/etc/passwd", "/dev/"])("%s may not", (path) => {
  expect(() => values.devicePath(path)).toThrow(/is not a disk's device path; write /);
});

test("every parser takes any text at all, or refuses it in one sentence that says what to write", () => {
  const parsers = [values.yesNo, values.duration, values.leaseTime, values.size, values.dnsLabel, values.domainName, values.hostOrAddress]
    .concat([
      values.machineMac,
      values.sha256,
      values.sourceUrl,
      values.urlPrefix,
      values.mirrorPlace,
      kubernetesValues.kubernetesVersion,
      osValues.flatcarVersion,
    ] as never[])
    .concat([
      values.addressRange,
      values.devicePath,
      values.diskSerial,
      kubernetesValues.labelKey,
      kubernetesValues.labelValue,
      values.count(1, 9),
    ] as never[]);
  fc.assert(
    fc.property(
      fc.constantFrom(...parsers),
      fc.oneof(fc.string({ maxLength: 2000, size: "max" }), fc.string({ unit: "binary" })),
      (parser, text) => {
        try {
          parser(text);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect((error as Error).message).toMatch(/; write /);
        }
      },
    ),
  );
});
