/** Clusters of every size in every state, any wish, and machines that die and return between the steps: what we do never hurts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { objection } from "../../../bootstrapper/operations/guard.ts";
import type { Wish } from "../../../bootstrapper/operations/operation.ts";
import { plan } from "../../../bootstrapper/operations/plan.ts";
import type { Machine } from "../../../cluster/cluster.ts";
import { clusterOf, Harm, Model } from "./model.ts";

const older = fc.constantFrom("1.35.0", "1.34.1", "1.33.1", "1.20.2");
const name = fc.constantFrom("cp-1", "cp-2", "cp-3", "cp-4", "cp-5", "w-1", "w-2", "w-3", "x-1", "x-3");
/** Where etcd lives: beside the API servers, or on three further machines, of which two are nodes too. */
const further = fc.constantFrom<Partial<Machine>[]>(
  [],
  [],
  [{ roles: ["worker", "etcd"] }, { roles: ["etcd"] }, { roles: ["control-plane", "etcd"] }],
);
const wish: fc.Arbitrary<Wish> = fc.oneof(
  fc.record({
    do: fc.constant("upgrade" as const),
    release: fc.constantFrom("1.36.2", "1.37.1", "1.38.0"),
    batch: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ do: fc.constant("reinstall" as const), machines: fc.array(name, { maxLength: 3 }), batch: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant("remove" as const), machine: name }),
  fc.record({ do: fc.constant("replace" as const), machine: name }),
);
const history = fc
  .record({
    planes: fc.integer({ min: 1, max: 5 }),
    workers: fc.integer({ min: 0, max: 3 }),
    further,
    described: fc.constantFrom("1.36.2", "1.37.1"),
    wish,
    dead: fc.array(name, { maxLength: 1 }),
    old: fc.array(fc.tuple(name, older), { maxLength: 2 }),
    /** Before which step who dies or returns. */
    later: fc.array(fc.record({ at: fc.nat(12), name, dies: fc.nat(3).map((n) => n > 0) }), { maxLength: 6 }),
  })
  .map(({ planes, workers, further, described, wish, dead, old, later }) => {
    const model = new Model(clusterOf(planes, workers, described, further));
    for (const one of dead) model.fails(one);
    for (const [one, kubelet] of old) if (model.nodes.get(one) && !model.nodes.get(one)!.apiServer) model.set(one, { kubelet });
    return { model, wish, later };
  });

type Story = { readonly planned: boolean; readonly taken: number; readonly stopped: boolean; readonly harm?: string };

function tell({ model, wish, later }: { model: Model; wish: Wish; later: readonly { at: number; name: string; dies: boolean }[] }): Story {
  const planned = plan(wish, model.situation());
  if (!planned.ok) return { planned: false, taken: 0, stopped: false };
  for (const [index, step] of planned.steps.entries()) {
    for (const change of later.filter(({ at }) => at === index)) model[change.dies ? "fails" : "recovers"](change.name);
    if (objection(step, model.situation(), wish)) return { planned: true, taken: index, stopped: true };
    try {
      model.take(step);
    } catch (error) {
      if (!(error instanceof Harm)) throw error;
      return { planned: true, taken: index, stopped: false, harm: `${JSON.stringify(step)}: ${error.message}` };
    }
  }
  return { planned: true, taken: planned.steps.length, stopped: false };
}

describe("whatever is asked for, and whatever happens between the steps", () => {
  test("these histories are planned, refused, stopped and finished", () => {
    const stories = fc.sample(history, { numRuns: 1500, seed: 1 }).map(tell);
    expect(stories.filter(({ planned }) => !planned).length).toBeGreaterThan(100);
    expect(stories.filter(({ stopped }) => stopped).length).toBeGreaterThan(30);
    expect(stories.filter(({ planned, stopped }) => planned && !stopped).length).toBeGreaterThan(100);
  });

  test("etcd keeps its quorum, no two control planes are down at once, releases stay within the matrix and move one minor at a time", () => {
    fc.assert(
      fc.property(history, (one) => {
        expect(tell(one).harm).toBeUndefined();
      }),
      { numRuns: 1500 },
    );
  });

  test("a whole cluster that nothing happens to is upgraded and re-installed to the end", () => {
    const sizes = fc.record({
      planes: fc.integer({ min: 2, max: 5 }),
      workers: fc.integer({ min: 0, max: 4 }),
      batch: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(sizes, ({ planes, workers, batch }) => {
        const model = new Model(clusterOf(planes, workers, "1.36.2"));
        expect(tell({ model, wish: { do: "reinstall", machines: [], batch }, later: [] })).toMatchObject({ stopped: false, planned: true });
        expect(tell({ model, wish: { do: "upgrade", release: "1.37.1", batch }, later: [] })).toMatchObject({
          stopped: false,
          planned: true,
        });
        expect([...model.nodes.values()].every(({ kubelet, unschedulable }) => kubelet === "1.37.1" && !unschedulable)).toBe(true);
      }),
    );
  });
});
