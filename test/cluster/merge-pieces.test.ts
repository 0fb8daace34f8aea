import { describe, expect, test } from "vitest";
import { mergePieces, type PlanFile, type PlanPiece } from "../../cluster/plan.ts";
import { cluster } from "./clusters.ts";

const small = cluster("small.yml");
const machine = small.machines[0]!;
const merge = (...pieces: PlanPiece[]) => mergePieces(small, machine, pieces);
const file = (path: string, text = "x", mode = 0o644): PlanFile => ({ path, mode, content: { text } });
const secret = (path: string, tls: string): PlanFile => ({ path, mode: 0o600, content: { secret: { tls } } });

test("nothing but the machine is in a plan of no pieces", () => {
  expect(merge()).toEqual({ cluster: small, machine, users: [], files: [], units: [], readyWhen: [] });
  expect(merge({}, {})).toEqual(merge());
});

test("pieces keep their order", () => {
  expect(merge({ files: [file("/b"), file("/a")] }, { files: [file("/c")] }).files.map(({ path }) => path)).toEqual(["/b", "/a", "/c"]);
});

describe("a file that two want", () => {
  test("is there once when they want the same", () => {
    expect(merge({ files: [file("/a")] }, { files: [file("/a")] }).files).toEqual([file("/a")]);
    expect(merge({ files: [secret("/k", "tls/a")] }, { files: [secret("/k", "tls/a")] }).files).toEqual([secret("/k", "tls/a")]);
  });
  test("is an error naming both when they want different things", () => {
    const a = { from: "role worker", files: [file("/a", "x")] };
    const b = { from: "role storage", files: [file("/a", "y")] };
    expect(() => merge(a, b)).toThrow("/a: role worker and role storage want different content for it; change one of them");
    expect(() => merge({ files: [secret("/k", "tls/a")] }, { files: [secret("/k", "tls/b")] })).toThrow(
      "/k: piece 1 and piece 2 want different content",
    );
  });
  test("is an error when only the modes differ", () => {
    expect(() => merge({ files: [file("/a", "x", 0o600)] }, { files: [file("/a", "x", 0o644)] })).toThrow("different modes, 0600 and 0644");
  });
  test("is found within one piece too", () => {
    expect(() => merge({ from: "base", files: [file("/a", "x"), file("/a", "y")] })).toThrow("/a: base and base want different content");
  });
});

test.each(["etc/hosts", "", "/", "/etc/../root/.ssh", "/etc//hosts", "/etc/./hosts", "/etc/"])("a file may not be at %j", (path) => {
  expect(() => merge({ from: "role worker", files: [file(path)] })).toThrow("role worker wants a file there; write an absolute path");
});

describe("a unit that two want", () => {
  const unit = (more: object = {}): PlanPiece => ({ units: [{ name: "kubelet.service", enabled: false, ...more }] });
  const dropin = (name: string, contents: string) => ({ dropins: [{ name, contents }] });

  test("has the contents of one and the drop-ins of both, and is enabled when one enables it", () => {
    const { units } = merge(
      unit({ contents: "[Unit]", ...dropin("10-a.conf", "a") }),
      unit({ enabled: true, ...dropin("20-b.conf", "b") }),
    );
    expect(units).toEqual([
      {
        name: "kubelet.service",
        enabled: true,
        contents: "[Unit]",
        dropins: [...dropin("10-a.conf", "a").dropins, ...dropin("20-b.conf", "b").dropins],
      },
    ]);
  });
  test("is the same whoever comes first", () => {
    const a = unit({ contents: "[Unit]" });
    const b = unit({ enabled: true });
    expect(merge(a, b).units).toEqual(merge(b, a).units);
  });
  test("is an error when they bring different contents", () => {
    expect(() => merge(unit({ contents: "a" }), unit({ contents: "b" }))).toThrow(
      "kubelet.service: piece 1 and piece 2 bring different contents",
    );
    expect(() => merge(unit(dropin("10.conf", "a")), unit(), unit(dropin("10.conf", "b")))).toThrow(
      "kubelet.service: piece 1 and piece 2 and piece 3 bring different contents for its drop-in 10.conf",
    );
  });
});

test("a user of several pieces has all their groups and keys, once", () => {
  const user = (groups: string[], sshKeys: string[]): PlanPiece => ({ users: [{ name: "core", groups, sshKeys }] });
  expect(merge(user(["sudo"], ["k1"]), user(["sudo", "docker"], ["k2", "k1"])).users).toEqual([
    { name: "core", groups: ["sudo", "docker"], sshKeys: ["k1", "k2"] },
  ]);
});

test("what must be active is named once", () => {
  expect(merge({ readyWhen: ["a.service", "b.service"] }, { readyWhen: ["b.service", "c.service"] }).readyWhen).toEqual([
    "a.service",
    "b.service",
    "c.service",
  ]);
});
