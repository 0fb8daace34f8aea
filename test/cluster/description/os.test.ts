import { describe, expect, test } from "vitest";
import { formatProblem, parse } from "../../../cluster/parse.ts";
import { fixture } from "../golden.ts";

const small = fixture("small.yml");
/** The small description with this system for all of its machines. */
const read = (os: string) => parse(small.replace(/^os: .*$/m, `os: ${os}`), "x.yml");
const means = (os: string) => {
  const parsed = read(os);
  return parsed.ok ? parsed.cluster.machines[0]!.os : parsed.problems.map(formatProblem);
};
const says = (os: string): string => {
  const parsed = read(os);
  return parsed.ok ? "" : parsed.problems.map(({ message }) => message).join("\n");
};

const SHA = "0123456789ABCDEF".repeat(4);

test("the small description names a system that these tests can replace", () => {
  expect(small).toMatch(/^os: \{.*\}$/m);
});

describe("Fedora CoreOS", () => {
  test.each([
    { write: "{ target: fedora-coreos }", stream: "stable", version: "current" },
    { write: "{ target: fedora-coreos, stream: next }", stream: "next", version: "current" },
    { write: "{ target: fedora-coreos, stream: testing, version: 44.20260817.3.2 }", stream: "testing", version: "44.20260817.3.2" },
  ])("is read from $write", ({ write, stream, version }) => {
    expect(means(write)).toEqual({ target: "fedora-coreos", stream, version });
  });

  test.each([
    { write: "{ target: fcos }", says: 'os.target: "fcos" is not one of' },
    { write: "{ target: fcos }", says: "; write fedora-coreos" },
    { write: "{ target: fedora-coros }", says: "; write fedora-coreos" },
    { write: "{ target: fedora-coreos, channel: stable }", says: "is not a field here; write stream" },
    { write: "{ target: fedora-coreos, stream: tesing }", says: '"tesing" is not one of stable, testing, next; write testing' },
    { write: "{ target: fedora-coreos, version: 44 }", says: '"44" is not a Fedora CoreOS release; write current, or four numbers' },
    { write: "{ target: fedora-coreos, version: 31.20200118.3.0 }", says: "is too old; write current, or a release of Fedora 42 or newer" },
    { write: "{ target: fedora-coreos, version: 44.20260817.3.2/.. }", says: "is not a Fedora CoreOS release" },
  ])("in $write is told: $says", ({ write, says }) => {
    expect([means(write)].flat().join("\n")).toContain(says);
  });
});

describe("Flatcar", () => {
  test("has extensions and updates when the description says so, and no word of them when it does not", () => {
    expect(means("{ target: flatcar, version: 4593.2.5 }")).toEqual({ target: "flatcar", channel: "stable", version: "4593.2.5" });
    expect(
      means(`{ target: flatcar, updates: true, extensions: [{ name: zfs, url: "https://e.example/zfs.raw", sha256: ${SHA} }] }`),
    ).toEqual({
      target: "flatcar",
      channel: "stable",
      version: "current",
      extensions: [{ name: "zfs", url: "https://e.example/zfs.raw", sha256: SHA.toLowerCase() }],
      updates: true,
    });
    expect(means("{ target: flatcar, updates: no }")).not.toHaveProperty("updates");
  });

  test.each([
    { write: `{ target: flatcar, extensions: [{ name: zfs, url: "https://e.example/zfs.raw" }] }`, told: "is missing; write it" },
    { write: `{ target: flatcar, sysext: [] }`, told: "is not a field here; write extensions" },
    { write: `{ target: flatcar, update: true }`, told: "is not a field here; write updates" },
    { write: `{ target: flatcar, extensions: [{ name: zfs.raw, url: "https://e.example/z", sha256: ${SHA} }] }`, told: "without .raw" },
    {
      write: `{ target: flatcar, extensions: [{ name: ../zfs, url: "https://e.example/z", sha256: ${SHA} }] }`,
      told: "is not the name of",
    },
    { write: `{ target: flatcar, extensions: zfs }`, told: "must be a list; write a list, each with name:, url: and sha256:" },
    {
      write: `{ target: flatcar, extensions: [${`{ name: zfs, url: "https://e.example/z", sha256: ${SHA} },`.repeat(2)}] }`,
      told: '"zfs" is there twice; write another name, or leave one of them out',
    },
  ])("in $write is told: $told", ({ write, told }) => {
    expect(says(write)).toContain(told);
  });
});

describe("Debian", () => {
  test.each([
    { write: "{ target: debian, version: 13 }", os: { version: "13" } },
    { write: "{ target: debian, version: 12 }", os: { version: "12" } },
    {
      write: "{ target: debian, version: 13, mirror: https://snapshot.example/debian/20260915T000000Z/, packages: [vim, g++, vim] }",
      os: { version: "13", mirror: "https://snapshot.example/debian/20260915T000000Z", packages: ["g++", "vim"] },
    },
    { write: "{ target: debian, version: 13, packages: [] }", os: { version: "13" } },
  ])("is read from $write", ({ write, os }) => {
    expect(means(write)).toEqual({ target: "debian", ...os });
  });

  test.each([
    { write: "{ target: trixie }", told: "; write debian" },
    { write: "{ target: debian }", told: "is missing; write it, as in 13" },
    { write: "{ target: debian, version: 11 }", told: '"11" is not one of 12, 13' },
    { write: "{ target: debian, version: bookworm }", told: "; write 12" },
    { write: "{ target: debian, version: sid }", told: '"sid" is not one of 12, 13' },
    { write: "{ target: debian, version: 13, mirror: /mnt }", told: "is a path; write file:///mnt" },
    { write: '{ target: debian, version: 13, packages: ["vim; reboot"] }', told: "is not the name of a Debian package" },
    { write: "{ target: debian, version: 13, suite: sid }", told: "is not a field here; write version" },
  ])("in $write is told: $told", ({ write, told }) => {
    expect([means(write)].flat().join("\n")).toContain(told);
  });
});

test("who names no target is told all of them", () => {
  expect(says("{ channel: stable }")).toMatch(/is missing; write one of flatcar, fedora-coreos, .*raw-image/);
});
