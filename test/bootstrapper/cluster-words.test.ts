import { expect, test } from "vitest";
import { clusterOrder, news, type OperationTold } from "../../bootstrapper/cluster-words.ts";
import { readSettings } from "../../bootstrapper/settings.ts";

test.each([
  ["upgrade v1.37.1", { do: "operate", query: { do: "upgrade", release: "1.37.1", batch: "2" } }],
  ["reinstall w-1 w-2", { do: "operate", query: { do: "reinstall", machines: "w-1,w-2", batch: "2" } }],
  ["reinstall", { do: "operate", query: { do: "reinstall", machines: "", batch: "2" } }],
  ["remove cp-3", { do: "operate", query: { do: "remove", machine: "cp-3" } }],
  ["replace cp-3 cp-4", { do: "operate", query: { do: "replace", machine: "cp-3", by: "cp-4" } }],
  ["prune", { do: "operate", query: { do: "prune" } }],
  ["restore etcd-20261121T180000Z.db", { do: "operate", query: { do: "restore", snapshot: "etcd-20261121T180000Z.db" } }],
  ["follow", { do: "follow" }],
])("cluster %s", (words, order) => {
  expect(clusterOrder(words.split(" "), 2)).toEqual(order);
  expect(readSettings(["cluster", ...words.split(" "), "--batch", "2", "--yes"], {})).toMatchObject({
    command: "cluster",
    order,
    yes: true,
  });
});

test.each([
  ["", "cluster needs a word more"],
  ["upgrade", "cluster upgrade needs one word more"],
  ["prune traefik", '"traefik" is one word too many'],
  ["restore", "cluster restore needs one word more"],
  ["remove a b", '"b" is one word too many'],
  ["dance", 'there is no "cluster dance"'],
])("cluster %s is explained", (words, because) => {
  expect(() => readSettings(["cluster", ...words.split(" ").filter(Boolean)], {})).toThrow(because);
});

test("--yes means something to cluster alone", () => {
  expect(() => readSettings(["check", "--yes"], {})).toThrow("--yes is for bootstrapper cluster");
});

test("whoever reads along is told each step once, what it waits for when that changes, and how it ended", () => {
  const told = (change: Partial<OperationTold>): OperationTold => ({
    wish: "remove w-1",
    is: "running",
    done: 0,
    steps: ["snapshot", "drain"],
    doing: "snapshot",
    ...change,
  });
  const history = [
    told({}),
    told({}),
    told({ done: 1, doing: "drain: 2 pods" }),
    told({ done: 1, doing: "drain: 1 pod" }),
    told({ done: 1, is: "stopped", because: "it did not come about" }),
    told({ done: 1, doing: "drain: 1 pod" }),
    told({ done: 2, is: "done", doing: "" }),
  ];
  expect(history.flatMap((now, index) => news(history[index - 1], now))).toEqual([
    "1/2        snapshot",
    "1/2  done  snapshot",
    "2/2        drain: 2 pods",
    "2/2        drain: 1 pod",
    "remove w-1: stopped: it did not come about",
    "put it right, then: bootstrapper cluster continue (or cancel)",
    "2/2        drain: 1 pod",
    "2/2  done  drain",
    "remove w-1: all of it is done",
  ]);
});
