import { expect, test } from "vitest";
import { mac } from "../../cluster/address.ts";
import type { Machine } from "../../vm-cluster/api.ts";
import { changes, table } from "../../vm-cluster/table.ts";

const machine = (more: Partial<Machine> = {}): Machine => ({
  mac: mac("52:54:00:77:00:01"),
  name: "cp-1",
  phase: "installing",
  since: "2026-11-21T08:00:00.000Z",
  because: "it writes its disk",
  roles: ["control-plane"],
  disks: [],
  nextBoot: { do: "install", because: "a grant is open" },
  ...more,
});
const fetching = machine({ transfer: { file: "/static/x/node.raw.zst", sent: 53_400_000, size: 106_900_000 } });

test("a row shows phase and download", () => {
  expect(table([fetching], 75, 200)).toEqual([
    "1:15  0 of 1 machines are ready",
    "cp-1  52:54:00:77:00:01    installing  node.raw.zst  49 % of 106.9 MB",
  ]);
});

test("a machine that failed says why", () => {
  expect(table([machine({ phase: "failed", because: "no disk fits" })], 1, 200)[1]).toContain("no disk fits");
});

test("no row is as wide as the terminal, or it would take two lines", () => {
  for (const row of table([machine({ phase: "failed", because: "x".repeat(300) })], 1, 80)) expect(row.length).toBeLessThan(80);
});

test("a change is told once: a new phase, a new file, but not every byte", () => {
  const further = machine({ transfer: { ...fetching.transfer!, sent: 60_000_000 } });
  expect(changes([], [fetching], 3)).toEqual(["0:03  cp-1  installing: it writes its disk", "0:03  cp-1  fetches node.raw.zst"]);
  expect(changes([fetching], [further], 4)).toEqual([]);
  expect(changes([further], [machine({ phase: "installed", because: "the disk is written" })], 5)).toEqual([
    "0:05  cp-1  installed: the disk is written",
  ]);
});
