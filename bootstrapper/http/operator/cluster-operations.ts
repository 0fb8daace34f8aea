/** What the API can do to the cluster once it runs: plans, what is carried out, and snapshots of etcd. */
import type { Snapshot } from "../../kubernetes/etcd-snapshots.ts";
import { inWords, type Operation as Running, type Wish, wishInWords } from "../../operations/operation.ts";
import { Refusal } from "../refusal.ts";
import * as schemas from "./cluster-schemas.ts";
import { type Operation, row } from "./operation-row.ts";

const iso = (at: number): string => new Date(at).toISOString();
const refusal = (what: string, because: string): Refusal =>
  new Refusal(409, { what, because, todo: "put that right, then ask for the plan again" });

interface Asked {
  readonly do: Wish["do"];
  readonly release?: string | undefined;
  readonly batch: number;
  readonly machines: readonly string[];
  readonly machine?: string | undefined;
  readonly by?: string | undefined;
  readonly snapshot?: string | undefined;
}

/** Throws Refusal for one that lacks what it takes. */
function wishOf({ do: what, release, batch, machines, machine, by, snapshot }: Asked): Wish {
  const lacks = (field: string): Refusal =>
    new Refusal(400, { what: "the query was not understood", because: `${what} needs ${field}=`, todo: "see /api/v1/openapi.json" });
  switch (what) {
    case "upgrade":
      if (release === undefined) throw lacks("release");
      return { do: what, release, batch };
    case "reinstall":
      return { do: what, machines, batch };
    case "remove":
      if (machine === undefined) throw lacks("machine");
      return { do: what, machine };
    case "replace":
      if (machine === undefined) throw lacks("machine");
      return { do: what, machine, ...(by !== undefined && { by }) };
    case "restore":
      if (snapshot === undefined) throw lacks("snapshot");
      return { do: what, snapshot };
    case "prune":
      return { do: what };
  }
}

const operationView = (running: Running, doing: string) => {
  const { id, wish, is, at, steps, because, begun, changed } = running;
  return {
    id,
    wish: wishInWords(wish),
    is,
    done: at,
    steps: steps.map(inWords),
    doing,
    ...(because !== undefined && { because }),
    begun: iso(begun),
    changed: iso(changed),
  };
};
const snapshotView = ({ name, at, size, sha256 }: Snapshot) => ({ name, at: iso(at), size, sha256 });

/** What the cluster or an earlier operation does not allow is a conflict, said in its own words. */
async function orConflict<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusal(`${what} was not done`, (error as Error).message);
  }
}

export const CLUSTER_OPERATIONS: readonly Operation[] = [
  row({
    id: "planOperation",
    method: "post",
    path: "/cluster/plan",
    summary: "Which steps an operation would take as the cluster is now; changes nothing",
    query: schemas.wishQuery,
    answer: schemas.plan,
    run: async ({ world }, query) => {
      const wish = wishOf(query);
      const { planned, id } = await orConflict(wishInWords(wish), world.operations.plan(wish));
      if (!planned.ok) throw refusal(`"${wishInWords(wish)}" is not possible`, planned.because.join("; "));
      return { plan: id, wish: wishInWords(wish), steps: planned.steps.map(inWords), notes: [...planned.notes] };
    },
  }),
  row({
    id: "applyOperation",
    method: "post",
    path: "/cluster/apply",
    summary: "Begin what was planned, if the plan would still be the same",
    query: schemas.applyQuery,
    answer: schemas.operation,
    run: async ({ world, caller }, { plan, ...query }) => {
      const wish = wishOf(query);
      const running = await orConflict(wishInWords(wish), world.operations.apply(wish, plan));
      world.journal({ from: "http", level: "info", text: `${wishInWords(wish)}: the operator asked from ${caller}` });
      return operationView(running, "");
    },
  }),
  ...(["continue", "cancel"] as const).map((what) =>
    row({
      id: `${what}Operation`,
      method: "post",
      path: `/cluster/${what}`,
      summary: what === "continue" ? "Do the step again at which it stopped, and go on" : "Do no more of it; what was done stays",
      answer: schemas.operation,
      run: async ({ world, caller }) => {
        const running = await orConflict(what, world.operations[what]());
        world.journal({ from: "http", level: "info", text: `${what} of the operation: the operator asked from ${caller}` });
        return operationView(running, "");
      },
    }),
  ),
  row({
    id: "getOperation",
    method: "get",
    path: "/cluster/operation",
    summary: "The operation that runs or ran last",
    answer: schemas.lastOperation,
    run: ({ world }) => {
      const last = world.operations.last();
      return last ? { operation: operationView(last.operation, last.doing) } : {};
    },
  }),
  row({
    id: "listSnapshots",
    method: "get",
    path: "/cluster/snapshots",
    summary: "Snapshots of etcd; one is downloaded from /cluster/snapshots/NAME",
    answer: schemas.snapshots,
    run: async ({ world }) => ({ snapshots: (await world.operations.snapshots()).map(snapshotView) }),
  }),
  row({
    id: "takeSnapshot",
    method: "post",
    path: "/cluster/snapshots",
    summary: "Take a snapshot of etcd now",
    answer: schemas.snapshot,
    run: async ({ world, caller }) => {
      const taken = await orConflict("a snapshot", world.operations.takeSnapshot());
      world.journal({ from: "http", level: "info", text: `snapshot ${taken.name}: the operator asked from ${caller}` });
      return snapshotView(taken);
    },
  }),
];
