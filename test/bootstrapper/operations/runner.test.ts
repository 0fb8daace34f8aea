/** Operations on a cluster that fails at every possible step, beside a server that is restarted at every possible step. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JournalEntry } from "../../../bootstrapper/journal.ts";
import type { Operation, Step, Wish } from "../../../bootstrapper/operations/operation.ts";
import { plan } from "../../../bootstrapper/operations/plan.ts";
import { type Hands, ordering, Runner } from "../../../bootstrapper/operations/runner.ts";
import { type MemoryStore, memoryStore } from "../../support/memory-store.ts";
import { clusterOf, Model, SNAPSHOT } from "./model.ts";

const UPGRADE: Wish = { do: "upgrade", release: "1.37.1", batch: 1 };
const RESTORE: Wish = { do: "restore", snapshot: SNAPSHOT.name };
const REINSTALL: Wish = { do: "reinstall", machines: ["cp-2", "w-1"], batch: 1 };

/** What the hands are to do at one step: fail before or after its effect, or never come back from it. */
interface Trouble {
  readonly at: number;
  readonly how: "fails" | "fails after it" | "hangs" | "hangs after it";
}

let store: MemoryStore;
let model: Model;
let entries: Omit<JournalEntry, "at">[];
let runner: Runner;
let taken: { readonly step: Step; readonly order: string; readonly tries: number }[];
let trouble: Trouble | undefined;
let steps: readonly Step[];
let clock: number;
/** What happens while the runner waits. */
let meanwhile: () => void;

const hands = (): Hands => ({
  look: async () => model.situation(),
  take: async (step, doing) => {
    taken.push({ step, order: doing.order, tries: doing.tries });
    const mine =
      trouble && steps[trouble.at] === step
        ? trouble
        : steps.findIndex((one) => JSON.stringify(one) === JSON.stringify(step)) === trouble?.at
          ? trouble
          : undefined;
    if (mine) trouble = undefined;
    if (mine?.how === "fails") throw new Error("the cable is out");
    if (mine?.how === "hangs") return new Promise(() => {});
    model.take(step);
    if (mine?.how === "fails after it") throw new Error("the answer was lost");
    if (mine?.how === "hangs after it") return new Promise(() => {});
    return undefined;
  },
});
const pause = async (milliseconds: number): Promise<void> => {
  clock += milliseconds;
  meanwhile();
};
const open = async (does = hands()): Promise<void> => {
  let ids = 0;
  const random = (): string => `op${++ids}`;
  const journal = (entry: Omit<JournalEntry, "at">): void => void entries.push(entry);
  runner = await Runner.open({ store, hands: does, journal, now: () => 1_000, rises: () => clock, pause, random });
};
const begin = async (wish: Wish): Promise<void> => {
  const planned = plan(wish, model.situation());
  if (!planned.ok) throw new Error(planned.because.join());
  steps = planned.steps;
  await runner.begin(wish, steps);
};
const settled = async (): Promise<Operation> => {
  await expect.poll(() => runner.operation?.is, { interval: 1 }).not.toBe("running");
  return runner.operation!;
};
const kubelets = (): readonly string[] =>
  [...model.nodes.values()].map(({ name, kubelet, unschedulable }) => `${name} ${kubelet}${unschedulable ? " closed" : ""}`);

beforeEach(async () => {
  store = memoryStore();
  model = new Model(clusterOf(3, 1));
  entries = [];
  taken = [];
  trouble = undefined;
  clock = 0;
  meanwhile = () => {};
  await open();
});
afterEach(() => runner.close());

test("an operation is carried out step by step, in order, and journaled", async () => {
  await begin(UPGRADE);
  expect(await settled()).toMatchObject({ is: "done", at: steps.length });
  expect(taken.map(({ step }) => step)).toEqual(steps);
  expect(kubelets()).toEqual(["cp-1 1.37.1", "cp-2 1.37.1", "cp-3 1.37.1", "w-1 1.37.1"]);
  expect(entries.map(({ text }) => text)).toContain(`operation 2/${steps.length} cp-1: let no new pods in`);
});

describe.each([
  { what: "an upgrade", wish: UPGRADE, count: 25 },
  { what: "a re-installation", wish: REINSTALL, count: 14 },
  { what: "a restoration", wish: RESTORE, count: 21 },
])("$what", ({ wish, count }) => {
  test("has as many steps as are tried here", async () => {
    await begin(wish);
    expect((await settled()).steps).toHaveLength(count);
  });

  test.each(Array.from({ length: count }, (_, at) => at))(
    "that fails at step %i stops there, says why, and is continued to its end",
    async (at) => {
      for (const how of ["fails", "fails after it"] as const) {
        store = memoryStore();
        model = new Model(clusterOf(3, 1));
        taken = [];
        await open();
        trouble = { at, how };
        await begin(wish);
        expect(await settled()).toMatchObject({
          is: "stopped",
          at,
          because: expect.stringMatching(new RegExp(`^step ${at + 1} of ${count} .*(cable|lost)`)),
        });
        expect(taken).toHaveLength(at + 1);
        await runner.continue();
        expect(await settled()).toMatchObject({ is: "done", tries: 1 });
        expect(taken.map(({ step }) => step)).toEqual([...steps.slice(0, at + 1), ...steps.slice(at)]);
      }
    },
  );

  test.each(Array.from({ length: count }, (_, at) => at))(
    "that loses its server at step %i goes on by itself when it is back",
    async (at) => {
      for (const how of ["hangs", "hangs after it"] as const) {
        store = memoryStore();
        model = new Model(clusterOf(3, 1));
        taken = [];
        await open();
        trouble = { at, how };
        await begin(wish);
        await expect.poll(() => taken.length, { interval: 1 }).toBe(at + 1);
        await open();
        expect(await settled()).toMatchObject({ is: "done", tries: 0 });
        expect(taken.map(({ step }) => step)).toEqual([...steps.slice(0, at + 1), ...steps.slice(at)]);
      }
    },
  );
});

test("the cluster is looked at before every step: what would hurt now is not done", async () => {
  trouble = { at: 8, how: "fails" };
  await begin(UPGRADE);
  await settled();
  model.fails("cp-1");
  await runner.continue();
  expect(await settled()).toMatchObject({
    is: "stopped",
    because: expect.stringContaining("another control plane is down already (cp-1:"),
  });
  model.recovers("cp-1");
  await runner.continue();
  expect(await settled()).toMatchObject({ is: "done", tries: 2 });
});

describe("what speaks against a step", () => {
  const MINUTE = 60_000;
  const goOn = async (): Promise<Operation> => {
    trouble = { at: 8, how: "fails" };
    await begin(UPGRADE);
    await settled();
    expect(steps[8]).toMatchObject({ do: "drain", node: "cp-2" });
    await runner.continue();
    return settled();
  };

  test("is waited out when something is down that comes back within minutes, and told meanwhile", async () => {
    const told = new Set<string>();
    const once = hands();
    await open({
      ...once,
      take: async (step, doing) => {
        if (trouble && steps[8] === step) model.fails("cp-1");
        return once.take(step, doing);
      },
    });
    meanwhile = () => {
      told.add(runner.doing);
      if (clock >= 9 * MINUTE) model.recovers("cp-1");
    };
    expect(await goOn()).toMatchObject({ is: "done", tries: 1 });
    expect([...told]).toEqual([
      "cp-2: evict its pods: another control plane is down already (cp-1: its Node is not Ready); bring it back or remove it first",
    ]);
    expect(clock).toBe(9 * MINUTE);
  });

  test("is also that nobody can look, as after a power cut that the server was the first to come back from", async () => {
    let looks = 0;
    await open({
      ...hands(),
      look: async () => {
        looks += 1;
        if (looks > 3 && looks < 30) throw new Error("no API server answers");
        return model.situation();
      },
    });
    await begin(UPGRADE);
    expect(await settled()).toMatchObject({ is: "done", tries: 0 });
    expect(clock).toBe(26 * 5_000);
  });

  test("stops it when it lasts", async () => {
    await open({ ...hands(), look: () => Promise.reject(new Error("no API server answers")) });
    await begin(UPGRADE);
    expect(await settled()).toMatchObject({
      is: "stopped",
      at: 1,
      because: expect.stringContaining("it did not come about within 10 minutes: no API server answers"),
    });
    expect(clock).toBe(10 * MINUTE);
    expect(taken.map(({ step }) => step.do)).toEqual(["snapshot"]);
  });

  test("stops it at once when no waiting mends it", async () => {
    const once = hands();
    await open({
      ...once,
      take: async (step, doing) => {
        await once.take(step, doing);
        if (step.do === "drain") model.set("w-1", { kubelet: "1.31.0" });
      },
    });
    await begin(UPGRADE);
    expect(await settled()).toMatchObject({ is: "stopped", at: 3, because: expect.stringContaining("kubelets of w-1 (1.31.0)") });
    expect(clock).toBe(0);
  });

  test("is not waited for any longer when the operator cancels", async () => {
    await open({ ...hands(), look: () => Promise.reject(new Error("no API server answers")) });
    let cancelled: Promise<Operation> | undefined;
    meanwhile = () => {
      cancelled ??= runner.cancel();
    };
    await begin(UPGRADE);
    expect(await settled()).toMatchObject({ is: "cancelled", at: 1 });
    await cancelled;
    expect(clock).toBeLessThan(MINUTE);
  });
});

test("an order has one name until it is continued after a failure, and whoever waits for it knows that name", async () => {
  trouble = { at: 4, how: "fails" };
  await begin(UPGRADE);
  await settled();
  await runner.continue();
  await settled();
  const orders = taken.filter(({ step }) => "node" in step && step.node === "cp-1" && (step.do === "upgrade" || step.do === "obeyed"));
  expect(orders.map(({ step, order, tries }) => `${step.do} ${order} ${tries}`)).toEqual([
    "upgrade op1.3 0",
    "obeyed op1.3 0",
    "obeyed op1.3 1",
  ]);
  expect(ordering({ steps, at: 4 })).toBe(3);
});

test("one at a time: nothing else begins before it is at its end", async () => {
  trouble = { at: 3, how: "fails" };
  await begin(UPGRADE);
  await expect(runner.begin(REINSTALL, steps)).rejects.toThrow(/is (running|stopped) at step/);
  await settled();
  await expect(runner.begin(REINSTALL, steps)).rejects.toThrow("continue or cancel it first");
});

test("what is cancelled stays so after a restart, and says who may still be closed", async () => {
  trouble = { at: 5, how: "fails" };
  await begin(UPGRADE);
  await settled();
  expect(await runner.cancel()).toMatchObject({
    is: "cancelled",
    because: expect.stringContaining("cp-1 may still be closed to new pods"),
  });
  await open();
  expect(runner.operation?.is).toBe("cancelled");
  await expect(runner.continue()).rejects.toThrow("there is nothing to continue");
  await expect(runner.cancel()).rejects.toThrow("there is nothing to cancel");
  await begin(UPGRADE);
  expect((await settled()).is).toBe("done");
});

describe("a restoration", () => {
  test("needs neither API nor etcd until it overwrites a disk", async () => {
    for (const name of ["cp-1", "cp-2", "cp-3"]) model.fails(name);
    for (const name of ["cp-1", "cp-2", "cp-3"]) model.awake.add(name);
    let looks = 0;
    const blind: Hands = {
      look: async () => {
        looks += 1;
        if (!model.writable()) throw new Error("no member of etcd answers");
        return model.situation();
      },
      take: async (step) => model.take(step),
    };
    await open(blind);
    await begin(RESTORE);
    expect((await settled()).is).toBe("done");
    expect(looks).toBe(4);
    expect([...model.members.keys()].sort()).toEqual(["cp-1", "cp-2", "cp-3"]);
  });

  test("overwrites no other disk when the restored control plane has died meanwhile", async () => {
    await open();
    trouble = { at: 13, how: "fails" };
    await begin(RESTORE);
    expect(steps[13]).toMatchObject({ do: "delete-node", node: "cp-2" });
    await settled();
    model.fails("cp-1");
    await runner.continue();
    expect(await settled()).toMatchObject({ is: "stopped", because: expect.stringContaining("no control plane is well") });
    model.recovers("cp-1");
    await runner.continue();
    expect((await settled()).is).toBe("done");
  });

  test("that is cancelled says who is stopped, and how they are started", async () => {
    trouble = { at: 8, how: "fails" };
    await begin(RESTORE);
    await settled();
    expect((await runner.cancel()).because).toMatch(
      /cp-2, cp-3 may be stopped: restore again, or run \/opt\/sextant\/restore start op\d+ there/,
    );
  });
});

test("a step that runs ends when it is cancelled", async () => {
  let begun = false;
  const slow: Hands = {
    look: async () => model.situation(),
    take: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        begun = true;
        signal.addEventListener("abort", () => reject(new Error("aborted")));
      }),
  };
  await open(slow);
  await begin(UPGRADE);
  await expect.poll(() => begun).toBe(true);
  expect((await runner.cancel()).is).toBe("cancelled");
});

test("a disk that refuses stops it, and nothing is taken for done", async () => {
  await begin({ ...UPGRADE });
  store.fail(new Error("disk full"));
  expect(await settled()).toMatchObject({ is: "stopped", because: expect.stringContaining("disk full") });
  store.fail(undefined);
  await runner.continue();
  expect((await settled()).is).toBe("done");
});
