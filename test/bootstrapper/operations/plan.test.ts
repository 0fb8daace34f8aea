import { describe, expect, test } from "vitest";
import { objection } from "../../../bootstrapper/operations/guard.ts";
import { inWords, type Planned, type Wish } from "../../../bootstrapper/operations/operation.ts";
import { plan } from "../../../bootstrapper/operations/plan.ts";
import { machineNamed, trouble } from "../../../bootstrapper/operations/situation.ts";
import { clusterOf, Model, macOf, SNAPSHOT } from "./model.ts";

const upgrade = (release = "1.37.1", batch = 1): Wish => ({ do: "upgrade", release, batch });
const reinstall = (...machines: string[]): Wish => ({ do: "reinstall", machines, batch: 1 });
const steps = (planned: Planned): readonly string[] =>
  planned.ok ? planned.steps.map((step) => ("node" in step ? `${step.do} ${step.node}` : step.do)) : planned.because;
const refused = (wish: Wish, model: Model): string => {
  const planned = plan(wish, model.situation());
  return planned.ok ? "it was planned" : planned.because.join("\n");
};
const rack = (planes = 3, workers = 2, release = "1.36.2"): Model => new Model(clusterOf(planes, workers, release), release);

describe("an upgrade", () => {
  test("takes control planes one by one and then workers, each closed, emptied, upgraded, looked at and opened again", () => {
    const planned = plan(upgrade(), rack(2, 1).situation());
    const of = (name: string): string[] => ["cordon", "drain", "upgrade", "obeyed", "ready", "uncordon"].map((step) => `${step} ${name}`);
    expect(steps(planned)).toEqual(["snapshot", ...of("cp-1"), ...of("cp-2"), ...of("w-1")]);
    const kinds = planned.ok ? planned.steps.flatMap((step) => (step.do === "upgrade" ? step.kind : [])) : [];
    expect(kinds).toEqual(["apply", "node", "node"]);
    expect(planned.ok && planned.notes.join("\n")).toContain("write kubernetes.version: 1.37.1");
  });

  test("takes as many workers at a time as it is told to", () => {
    const planned = steps(plan(upgrade("1.37.1", 2), rack(1, 3).situation())).filter((step) => /^(drain|ready) w/.test(step));
    expect(planned).toEqual(["drain w-1", "drain w-2", "ready w-1", "ready w-2", "drain w-3", "ready w-3"]);
  });

  test("goes on where an earlier one ended: what runs the release is left alone, and nobody takes the configuration along twice", () => {
    const model = rack(3, 1);
    model.set("cp-1", { kubelet: "1.37.1", apiServer: { release: "1.37.1", ready: true } });
    const planned = plan(upgrade(), model.situation());
    expect(steps(planned).some((step) => step.endsWith("cp-1"))).toBe(false);
    expect(planned.ok && planned.steps.some((step) => step.do === "upgrade" && step.kind === "apply")).toBe(false);
  });

  test("takes the configuration along again when the first one was cut short", () => {
    const model = rack(2, 0);
    model.set("cp-1", { apiServer: { release: "1.37.1", ready: true } });
    const planned = plan(upgrade(), model.situation());
    expect(planned.ok && planned.steps.find((step) => step.do === "upgrade")).toMatchObject({ node: "cp-1", kind: "apply" });
  });

  test("leaves a node closed that was closed before", () => {
    const model = rack(1, 1);
    model.set("w-1", { unschedulable: true });
    expect(steps(plan(upgrade(), model.situation()))).not.toContain("uncordon w-1");
  });

  test.each([
    {
      when: "two minors lie between",
      change: () => {},
      wish: upgrade("1.38.0"),
      says: /more than one minor release/,
    },
    { when: "it would go back", change: () => {}, wish: upgrade("1.35.0"), says: /no way back to 1.35.0/ },
    {
      when: "the release is not carried",
      change: (model: Model) => void model.carried.splice(1),
      wish: upgrade(),
      says: /kubernetes.offered and build again/,
    },
    { when: "it is no exact release", change: () => {}, wish: upgrade("1.37"), says: /write one, as in/ },
    {
      when: "a control plane is down",
      change: (model: Model) => model.fails("cp-2"),
      wish: upgrade(),
      says: /cp-2 is a control plane, and its Node is not Ready/,
    },
    {
      when: "a member of etcd does not answer",
      change: (model: Model) => void Object.assign(model.members.get("cp-3")!, { healthy: false }),
      wish: upgrade(),
      says: /cp-3/,
    },
    {
      when: "a kubelet would be left behind",
      change: (model: Model) => model.set("w-2", { kubelet: "1.33.0" }),
      wish: upgrade(),
      says: /kubelets of w-2 \(1.33.0\) do not work/,
    },
    {
      when: "a machine takes no orders",
      change: (model: Model) => model.phases.set("w-1", "reinstall"),
      wish: upgrade(),
      says: /w-1 takes no orders/,
    },
    { when: "all of it is done", change: () => {}, wish: upgrade("1.36.2"), says: /nothing to do/ },
  ])("is refused when $when", ({ change, wish, says }) => {
    const model = rack();
    change(model);
    expect(refused(wish, model)).toMatch(says);
  });

  test("does not hang on a worker that is down, and says so", () => {
    const model = rack(1, 2);
    model.fails("w-1");
    const planned = plan(upgrade(), model.situation());
    expect(planned.ok && planned.notes).toContain("w-1 is not Ready and stays as it is");
    expect(steps(planned).some((step) => step.endsWith("w-1"))).toBe(false);
  });

  test("is refused where etcd has machines of its own with a release that Kubernetes does not take", () => {
    const model = new Model(clusterOf(1, 0, "1.36.2", [{ roles: ["etcd"] }]));
    Object.assign(model.members.get("x-1")!, { version: "3.4.23" });
    expect(refused(upgrade(), model)).toMatch(/x-1: etcd 3.4.23 does not work with Kubernetes 1.37.1/);
  });
});

describe("a re-installation", () => {
  test("takes a control plane's member out and its Node away before its disk goes", () => {
    expect(steps(plan(reinstall("cp-2"), rack().situation()))).toEqual([
      "snapshot",
      ...["cordon", "drain", "remove-member", "delete-node", "reinstall", "obeyed", "ready"].map((step) => `${step} cp-2`),
    ]);
  });

  test("of every node takes control planes first, one after the other", () => {
    const ready = steps(plan(reinstall(), rack(3, 2).situation())).filter(
      (step) => step.startsWith("reinstall") || step.startsWith("ready"),
    );
    expect(ready).toEqual(["cp-1", "cp-2", "cp-3", "w-1", "w-2"].flatMap((name) => [`reinstall ${name}`, `ready ${name}`]));
  });

  test.each([
    {
      when: "it is the only control plane",
      model: () => rack(1, 1),
      wish: reinstall("cp-1"),
      says: /the only control plane and keeps the cluster's data.*snapshot/,
    },
    { when: "one of two workers is unknown", model: rack, wish: reinstall("w-9"), says: /w-9 is not in cluster-desc.yml/ },
    { when: "another control plane is down", model: () => failing("cp-1"), wish: reinstall("cp-2"), says: /cp-1 is a control plane, and/ },
    { when: "the machine is dead", model: () => failing("w-1"), wish: reinstall("w-1"), says: /if it is dead, say replace/ },
    {
      when: "it would come back with an older release",
      model: () => new Model(clusterOf(3, 1, "1.35.0"), "1.36.2"),
      wish: reinstall("cp-1"),
      says: /write that under kubernetes.version/,
    },
    {
      when: "it would come back with a newer release",
      model: () => new Model(clusterOf(3, 1, "1.37.1"), "1.36.2"),
      wish: reinstall("w-1"),
      says: /upgrade the cluster first/,
    },
  ])("is refused when $when", ({ model, wish, says }) => {
    expect(refused(wish, model())).toMatch(says);
  });

  const failing = (name: string): Model => {
    const model = rack();
    model.fails(name);
    return model;
  };
});

describe("a restoration", () => {
  const restore: Wish = { do: "restore", snapshot: SNAPSHOT.name };
  const told = (name: string, ...orders: string[]): string[] => orders.flatMap((order) => [`${order} ${name}`, `obeyed ${name}`]);
  const notes = (planned: Planned): string => (planned.ok ? planned.notes.join("\n") : "");

  test("is prepared before anything stops; then the others stop, one is restored, and the others come into its cluster anew", () => {
    const planned = plan(restore, rack().situation());
    expect(steps(planned)).toEqual([
      "check",
      "snapshot",
      ...told("cp-1", "prepare"),
      ...["stop cp-2", "stop cp-3", "obeyed cp-2", "obeyed cp-3"],
      ...told("cp-1", "restore"),
      ...["restored cp-1", "recognise cp-1", "ready cp-1", "delete-node cp-2", "delete-node cp-3"],
      ...["cp-2", "cp-3"].flatMap((name) => [...told(name, "reinstall"), `ready ${name}`]),
    ]);
    expect(notes(planned)).toContain(`taken at 2026-11-21T18:00:00.000Z, has 4128 bytes, and its sha256 is ${SNAPSHOT.sha256}`);
    expect(planned.ok && planned.steps.map(inWords)).toContain(
      `cp-1: order it to fetch ${SNAPSHOT.name} and to make data of it, beside what etcd has now`,
    );
  });

  test("of one control plane is that one's alone", () => {
    expect(steps(plan(restore, rack(1).situation()))).toEqual([
      "check",
      "snapshot",
      ...told("cp-1", "prepare", "restore"),
      ...["restored cp-1", "recognise cp-1", "ready cp-1"],
    ]);
  });

  test("is planned where neither API nor etcd answers, and then takes no snapshot of what is lost", () => {
    const planned = plan(restore, { ...rack().situation(), nodes: [], etcd: [] });
    expect(steps(planned).slice(0, 2)).toEqual(["check", "prepare cp-1"]);
    expect(notes(planned)).toContain("no snapshot of what it holds now is taken first");
  });

  test("lets who is away install before anything is restored: two that came back would have a quorum for what was", () => {
    const model = rack();
    model.fails("cp-1");
    model.fails("cp-3");
    const planned = plan(restore, model.situation());
    expect(steps(planned)).toEqual([
      "check",
      "snapshot",
      ...told("cp-2", "prepare"),
      ...["install cp-1", "install cp-3"],
      ...told("cp-2", "restore"),
      ...["restored cp-2", "recognise cp-2", "ready cp-2", "delete-node cp-1", "delete-node cp-3"],
    ]);
    expect(notes(planned)).toMatch(/cp-1 asks for no orders: its disk is overwritten .*leave it switched off\ncp-3 asks for no orders/);
  });

  test("of an etcd with machines of its own stops the API servers too, and its other members join anew without an installation", () => {
    const cluster = clusterOf(2, 1, "1.36.2", [{ name: "etcd-1" }, { name: "etcd-2" }, { name: "etcd-3" }]);
    const model = new Model(cluster);
    model.fails("etcd-3");
    expect(steps(plan(restore, { ...model.situation(), etcd: [] }))).toEqual([
      "check",
      ...told("etcd-1", "prepare"),
      "install etcd-3",
      ...["stop cp-1", "stop cp-2", "stop etcd-2", "obeyed cp-1", "obeyed cp-2", "obeyed etcd-2"],
      ...told("etcd-1", "restore"),
      "restored etcd-1",
      ...told("etcd-2", "rejoin"),
      ...told("cp-1", "start"),
      ...told("cp-2", "start"),
      ...["recognise cp-1", "ready cp-1", "ready cp-2"],
    ]);
  });

  test("is refused without its snapshot, and without a machine that takes orders", () => {
    expect(refused({ do: "restore", snapshot: "etcd-20990101T000000Z.db" }, rack())).toContain(
      "there is no snapshot etcd-20990101T000000Z.db",
    );
    const model = rack(1);
    model.awake.clear();
    expect(refused(restore, model)).toContain("no machine that keeps etcd asks for orders (cp-1)");
    model.phases.set("cp-1", "reinstall");
    expect(refused(restore, model)).toContain("(none is installed)");
  });
});

describe("removing and replacing", () => {
  test("a machine that lives is emptied and stopped before it is forgotten", () => {
    expect(steps(plan({ do: "remove", machine: "cp-3" }, rack().situation()))).toEqual([
      "snapshot",
      ...["cordon", "drain", "remove-member", "leave", "obeyed", "delete-node", "retire"].map((step) => `${step} cp-3`),
    ]);
  });

  test("a dead one is forgotten as it is", () => {
    const model = rack();
    model.fails("cp-3");
    expect(steps(plan({ do: "remove", machine: "cp-3" }, model.situation()))).toEqual([
      "snapshot",
      ...["cordon", "remove-member", "delete-node", "retire"].map((step) => `${step} cp-3`),
    ]);
    expect(steps(plan({ do: "replace", machine: "cp-3" }, model.situation()))).toEqual([
      "snapshot",
      ...["remove-member", "delete-node", "install", "ready"].map((step) => `${step} cp-3`),
    ]);
  });

  test("another machine takes a dead one's place", () => {
    const cluster = clusterOf(3, 2);
    const model = new Model(cluster);
    model.fails("w-1");
    model.nodes.delete("w-2");
    expect(steps(plan({ do: "replace", machine: "w-1", by: "w-2" }, model.situation()))).toEqual([
      "snapshot",
      "delete-node w-1",
      "retire w-1",
      "install w-2",
      "ready w-2",
    ]);
  });

  test("a member that never started is found by its peers' address", () => {
    const model = rack();
    model.fails("cp-3");
    Object.assign(model.members.get("cp-3")!, { name: "", peers: ["https://127.0.0.13:2380"] });
    expect(steps(plan({ do: "remove", machine: "cp-3" }, model.situation()))).toContain("remove-member cp-3");
  });

  test.each([
    { when: "it is the last control plane", planes: 1, fail: [], wish: { do: "remove", machine: "cp-1" }, says: /last control plane/ },
    {
      when: "quorum is lost already",
      planes: 3,
      fail: ["cp-1", "cp-2"],
      wish: { do: "remove", machine: "cp-2" },
      says: /1 would answer, and 2 must/,
    },
    { when: "the one to replace lives", planes: 3, fail: [], wish: { do: "replace", machine: "cp-2" }, says: /cp-2 is alive/ },
    {
      when: "the other is in the cluster",
      planes: 3,
      fail: ["w-1"],
      wish: { do: "replace", machine: "w-1", by: "w-2" },
      says: /w-2 is in the cluster already/,
    },
  ] as const)("is refused when $when", ({ planes, fail, wish, says }) => {
    const model = rack(planes);
    for (const name of fail) model.fails(name);
    expect(refused(wish, model)).toMatch(says);
  });
});

describe("an etcd with machines of its own", () => {
  const apart = (): Model =>
    new Model(
      clusterOf(2, 1, "1.36.2", [
        { name: "only" },
        { name: "both", roles: ["worker", "etcd"] },
        { name: "plane", roles: ["control-plane", "etcd"] },
      ]),
    );

  const of = (name: string, ...some: string[]): string[] => some.map((step) => `${step} ${name}`);
  const WIPED = ["reinstall", "obeyed", "ready"];
  const NODE = ["cordon", "drain", "delete-node", ...WIPED];

  test("has its machines installed anew one after the other, nodes or not, before those that keep nothing", () => {
    const planned = plan({ do: "reinstall", machines: ["w-1", "plane", "both", "only"], batch: 3 }, apart().situation());
    expect(steps(planned)).toEqual([
      "snapshot",
      ...of("plane", ...NODE),
      ...of("both", ...NODE),
      ...of("only", ...WIPED),
      ...of("w-1", ...NODE),
    ]);
  });

  test("is left alone where only nodes are asked for, and that is said", () => {
    const planned = plan({ do: "reinstall", machines: [], batch: 3 }, apart().situation());
    expect(steps(planned)).toContain("reinstall both");
    expect(steps(planned)).not.toContain("reinstall only");
    expect(planned.ok && planned.notes).toContain("only are no nodes and stay as they are; name them to install them again too");
  });

  test.each(["only", "both", "plane"])("loses no second member to an installation while one is away: %s", (machine) => {
    const model = apart();
    Object.assign(model.members.get(machine === "only" ? "both" : "only")!, { healthy: false });
    const away = new RegExp(`^${machine}: ${machine === "only" ? "both" : "only"} of etcd does not answer`, "m");
    expect(refused(reinstall(machine), model)).toMatch(away);
    model.nodes.delete(machine);
    expect(refused({ do: "replace", machine }, model)).toMatch(machine === "only" ? /only is alive/ : away);
  });

  test("is what makes a machine without a Node well", () => {
    const model = apart();
    const now = (name: string): string | undefined => trouble(model.situation(), machineNamed(model.situation(), name)!);
    for (const name of ["only", "both", "plane"]) {
      expect(now(name)).toBeUndefined();
      Object.assign(model.members.get(name)!, { healthy: false });
      expect(now(name)).toBe("its member of etcd does not answer");
    }
    model.set("both", { ready: false });
    expect(now("both")).toBe("its Node is not Ready");
  });

  test("that is a single member is never overwritten", () => {
    const model = new Model(clusterOf(1, 0, "1.36.2", [{ name: "only" }]));
    expect(refused(reinstall("only"), model)).toMatch(/^only: it keeps the only copy/);
  });

  test("gets a dead machine back, which joins anew by itself", () => {
    const model = apart();
    model.fails("only");
    expect(steps(plan({ do: "replace", machine: "only" }, model.situation()))).toEqual(["snapshot", ...of("only", "install", "ready")]);
    model.recovers("only");
    model.fails("both");
    expect(steps(plan({ do: "replace", machine: "both" }, model.situation()))).toEqual([
      "snapshot",
      ...of("both", "delete-node", "install", "ready"),
    ]);
  });

  test.each(["only", "both", "plane"])("does not lose its addresses, and nobody else's machine takes its place: %s", (machine) => {
    const model = apart();
    expect(refused({ do: "remove", machine }, model)).toMatch(
      new RegExp(`^${machine} keeps a member .* take the member out with etcdctl`, "m"),
    );
    model.fails("w-1");
    model.nodes.delete(machine);
    const tied = new RegExp(`^${machine} keeps a member .* write that one's MAC there`, "m");
    expect(refused({ do: "replace", machine: "w-1", by: machine }, model)).toMatch(tied);
    model.recovers("w-1");
    model.nodes.delete("w-1");
    expect(refused({ do: "replace", machine, by: "w-1" }, model)).toMatch(tied);
  });

  test("is looked at again before a disk is overwritten, but in a restoration", () => {
    const model = apart();
    for (const name of ["only", "both", "plane"]) {
      const { mac } = machineNamed(model.situation(), name)!;
      const other = name === "both" ? "only" : "both";
      for (const step of ["reinstall", "install"] as const) {
        const told = (): unknown => objection({ do: step, mac, node: name }, model.situation(), reinstall());
        expect(told()).toBeUndefined();
        Object.assign(model.members.get(other)!, { healthy: false });
        expect(told()).toEqual({ because: expect.stringContaining(`${name}: ${other} of etcd does not answer`), mayPass: true });
        expect(objection({ do: step, mac, node: name }, model.situation(), { do: "restore", snapshot: SNAPSHOT.name })).toBeUndefined();
        Object.assign(model.members.get(other)!, { healthy: true });
      }
    }
  });
});

test("steps are said in plain words", () => {
  const here = { mac: macOf(1), node: "cp-1" };
  expect(inWords({ do: "upgrade", ...here, release: "1.37.1", kind: "apply" })).toBe(
    "cp-1: order it to run Kubernetes 1.37.1 (kubeadm upgrade apply)",
  );
  expect(inWords({ do: "ready", ...here })).toBe("cp-1: wait until it is Ready");
});

test("without Kubernetes nothing is planned", () => {
  const { kubernetes, ...rest } = clusterOf(1, 0);
  const { version: _, ...without } = kubernetes;
  const planned = plan(upgrade(), { ...rack(1, 0).situation(), cluster: { ...rest, kubernetes: without } });
  expect(planned).toEqual({ ok: false, because: ["cluster-desc.yml asks for no Kubernetes"] });
});

describe("taking away what add-ons left behind", () => {
  const one = { addOn: "traefik", apiVersion: "v1", kind: "ConfigMap", namespace: "traefik", name: "web", is: "ours" } as const;
  const space = { addOn: "traefik", apiVersion: "v1", kind: "Namespace", name: "traefik", is: "data" } as const;

  test("deletes what is only ours, after a snapshot, and says what stays and why", () => {
    const account = { ...one, kind: "ServiceAccount", name: "default" };
    const planned = plan(
      { do: "prune" },
      { ...rack().situation(), leftovers: [one, account, space, { ...one, name: "theirs", is: "shared" }] },
    );
    expect(planned.ok && planned.steps.map(inWords)).toEqual([
      "take a snapshot of etcd",
      "delete ConfigMap traefik/web, which traefik left behind",
      "take what traefik named there out of ServiceAccount traefik/default",
    ]);
    expect(planned.ok && planned.notes).toEqual([
      "stays, since more would go with it than was put there (kubectl delete it when you are sure): Namespace traefik of traefik",
      "stays, since it is not ours alone: ConfigMap traefik/theirs of traefik",
    ]);
  });

  test("is refused when nothing can go, with what stays", () => {
    expect(plan({ do: "prune" }, { ...rack().situation(), leftovers: [space] })).toEqual({
      ok: false,
      because: ["add-ons left nothing behind that can go", expect.stringContaining("stays, since more")],
    });
  });
});
