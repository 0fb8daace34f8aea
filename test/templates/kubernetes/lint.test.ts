import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ipv4 } from "../../../cluster/address.ts";
import type { VirtualAddress } from "../../../cluster/cluster.ts";
import type { PlanPiece } from "../../../cluster/plan.ts";
import { virtualAddressPiece } from "../../../templates/kubernetes/virtual-address/virtual-address.ts";
import { etcd } from "../../../templates/roles/etcd/role.ts";
import { says, shellcheck } from "../judges.ts";
import { RELEASES, rack, seenBy } from "./racks.ts";

const behind = (by: VirtualAddress["by"]) =>
  virtualAddressPiece(
    seenBy("cp-1", rack({ planes: 3 }, { version: RELEASES.v1beta4, virtualAddress: { address: ipv4("10.0.0.5"), by, routerId: 51 } })),
  );
const PIECES: Readonly<Record<string, PlanPiece>> = {
  "kube-vip": behind("kube-vip"),
  keepalived: behind("keepalived"),
  etcd: etcd.pieces(seenBy("etcd-1", rack({ etcd: 3 }, { version: RELEASES.v1beta4 }))),
};

const textOf = ({ content }: NonNullable<PlanPiece["files"]>[number]): string => ("text" in content ? content.text : "");
const scripts = Object.entries(PIECES).flatMap(([name, { files = [] }]) =>
  files.filter((file) => textOf(file).startsWith("#!")).map((file) => [name, file.path, textOf(file)] as const),
);

test("there are scripts to judge", () => {
  expect(scripts.map(([name, path]) => `${name} ${path}`)).toEqual([
    "kube-vip /opt/sextant/virtual-address",
    "keepalived /opt/sextant/check-api",
    "keepalived /opt/sextant/virtual-address",
    "etcd /opt/sextant/etcd",
  ]);
});

test.each(scripts)("shellcheck has no word against %s's %s", (_, __, script) => {
  expect(shellcheck(script)).toBe("");
});

describe.each(Object.entries(PIECES))("systemd", (name, { units = [] }) => {
  test(`finds nothing to complain about in the units of ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "sextant-units-"));
    // A drop-in is judged as the whole unit that it is a part of.
    const own = units.map(({ name, contents, dropins = [] }) => ({
      name,
      contents: contents ?? `${dropins.map((one) => one.contents).join("\n")}\n[Service]\nExecStart=/bin/true\n`,
    }));
    for (const unit of own) writeFileSync(join(folder, unit.name), unit.contents);
    const words = says("systemd-analyze", ["verify", "--man=no", ...own.map((unit) => join(folder, unit.name))]);
    rmSync(folder, { recursive: true });
    expect(words.split("\n").filter((line) => own.some((unit) => line.includes(unit.name)))).toEqual([]);
    expect(own.length).toBeGreaterThan(0);
  });
});
