import { describe, expect, test } from "vitest";
import type { Machine } from "../../../../cluster/cluster.ts";
import type { PlanPiece } from "../../../../cluster/plan.ts";
import { etcd } from "../../../../templates/roles/etcd/role.ts";
import { expectGolden } from "../../golden.ts";
import { type Rack, RELEASES, rack, seenBy } from "../../kubernetes/racks.ts";
import { FLATCAR } from "../../sample.ts";

const kubernetes = { version: RELEASES.v1beta4 };
const seen = (name: string, of: Rack) => seenBy(name, rack(of, kubernetes));
const contents = ({ files = [] }: PlanPiece) => Object.fromEntries(files.map(({ path, mode, content }) => [path, { mode, ...content }]));

test("a member is started as it was", () => {
  const { files = [], units = [] } = etcd.pieces(seen("etcd-2", { etcd: 3 }));
  const script = files.find(({ path }) => path === "/opt/sextant/etcd")!;
  expectGolden("kubernetes/etcd/etcd.sh", "text" in script.content ? script.content.text : "");
  expectGolden("kubernetes/etcd/etcd.service", units[0]!.contents!);
});

test("it has a certificate of etcd's own authority, the program that goes with the release, and no key but its own", () => {
  const piece = etcd.pieces(seen("etcd-2", { etcd: 3 }));
  expect(contents(piece)).toMatchObject({
    "/etc/etcd/ca.crt": { mode: 0o644, secret: { tls: "tls/kubernetes/etcd/ca.crt" } },
    "/etc/etcd/member.crt": { mode: 0o644, secret: { tls: "tls/machines/52-54-00-00-20-02-etcd.crt" } },
    "/etc/etcd/member.key": { mode: 0o600, secret: { tls: "tls/machines/52-54-00-00-20-02-etcd.key" } },
    "/opt/sextant/programs/etcd.tar.gz": { path: "kubernetes/1.36.2/amd64/etcd.tar.gz" },
  });
  expect(Object.keys(contents(piece)).filter((path) => path.endsWith(".key"))).toEqual(["/etc/etcd/member.key"]);
  expect(piece.readyWhen).toEqual(["etcd.service"]);
});

test("a lone member asks nobody", () => {
  const { files = [] } = etcd.pieces(seen("etcd-1", { etcd: 1 }));
  expect(files.map(({ content }) => ("text" in content ? content.text : "")).join("\n")).toContain("OTHERS=''\n");
});

test("a control plane that keeps etcd has it from kubeadm, unless machines keep it that are none", () => {
  const both = { given: { roles: ["control-plane", "etcd"] as const } };
  expect(etcd.pieces(seen("cp-1", both))).toEqual({});
  expect(etcd.pieces(seen("cp-1", { ...both, etcd: 2 })).units).toHaveLength(1);
});

describe("without Kubernetes", () => {
  const without = (name: string, of: Rack, change: (machine: Machine) => Machine = (machine) => machine) => {
    const full = rack(of, kubernetes);
    const { version: _, ...rest } = full.kubernetes;
    return etcd.pieces(seenBy(name, { ...full, machines: full.machines.map(change), kubernetes: rest }));
  };

  test("a member is started in the same way, by the program that its system has", () => {
    const { files = [], ...rest } = etcd.pieces(seen("etcd-2", { etcd: 3 }));
    expect(without("etcd-2", { etcd: 3 })).toEqual({ ...rest, files: files.filter(({ path }) => !path.endsWith(".tar.gz")) });
  });

  test("control planes with the role keep it by the role too, and nobody else does", () => {
    const both = { planes: 3, given: { roles: ["control-plane", "etcd"] as const } };
    expect(without("cp-1", both).readyWhen).toEqual(["etcd.service"]);
    expect(without("worker-1", both)).toEqual({});
  });

  test("it is nothing but a mark on the machine where some member's system has no program, or some member no address", () => {
    const etcd3 = (changed: (machine: Machine) => Machine) => (machine: Machine) =>
      machine.name === "etcd-3" ? changed(machine) : machine;
    expect(
      without(
        "etcd-1",
        { etcd: 3 },
        etcd3((machine) => ({ ...machine, os: FLATCAR })),
      ),
    ).toEqual({});
    expect(
      without(
        "etcd-1",
        { etcd: 3 },
        etcd3(({ address: _, ...machine }) => machine),
      ),
    ).toEqual({});
  });
});

test("a member without an address is an error that names it", () => {
  const context = seen("etcd-1", { etcd: 3 });
  const machines = context.cluster.machines.map(({ address, ...machine }) =>
    machine.name === "etcd-3" ? machine : { ...machine, ...(address && { address }) },
  );
  expect(() => etcd.pieces({ ...context, cluster: { ...context.cluster, machines } })).toThrow(
    "etcd-3 keeps etcd and has no reserved address",
  );
});
