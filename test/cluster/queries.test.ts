import { expect, test } from "vitest";
import { mac } from "../../cluster/address.ts";
import type { Machine } from "../../cluster/cluster.ts";
import {
  becomes,
  controlPlanes,
  etcdMembers,
  etcdOfRole,
  fqdn,
  hostnameOf,
  machineByMac,
  osChoices,
  separateEtcd,
} from "../../cluster/queries.ts";
import { cluster } from "./clusters.ts";

const small = cluster("small.yml");
const full = cluster("full.yml");
const original = cluster("original.yml");
const STRANGER = mac("02:00:00:00:00:01");
const names = (machines: readonly { readonly name: string }[]) => machines.map(({ name }) => name);

test("a listed MAC is its machine, a stranger's is none", () => {
  expect(machineByMac(small, mac("52-54-00-77-00-12"))?.name).toBe("worker-1");
  expect(machineByMac(small, STRANGER)).toBeUndefined();
});

test("a stranger becomes nothing with us, and a plain worker named by its MAC in a 2016-form cluster", () => {
  expect(becomes(small, STRANGER)).toBeUndefined();
  expect(becomes(original, STRANGER)).toEqual({
    mac: STRANGER,
    name: "02-00-00-00-00-01",
    roles: ["worker"],
    architecture: "amd64",
    os: { target: "flatcar", channel: "stable", version: "current" },
    disk: { pick: "first", wipe: "blank" },
    labels: {},
    options: [],
    secureBoot: false,
  });
  expect(becomes(original, original.machines[0]!.mac)).toBe(original.machines[0]);
});

test("everybody has a host name, and machines have a full one", () => {
  expect(hostnameOf(small, mac("52:54:00:77:00:11"))).toBe("cp-1");
  expect(hostnameOf(small, STRANGER)).toBe("02-00-00-00-00-01");
  expect(fqdn(small.machines[0]!, small)).toBe("cp-1.demo.lan");
});

test("etcd is kept by those with the role, or else by the control planes", () => {
  expect(names(etcdMembers(small))).toEqual(["cp-1"]);
  expect(names(etcdMembers(original))).toEqual(["master-1", "0c-c4-7a-82-c5-bc", "0c-c4-7a-82-c5-b8"]);
  expect(names(controlPlanes(original))).toEqual(["master-1"]);
});

test("where only control planes have the role, kubeadm keeps etcd on all of them", () => {
  const [first, second, ...others] = original.machines;
  const of = (...roles: Machine["roles"][]) => ({
    ...original,
    machines: [first!, second!, ...others].slice(0, roles.length).map((machine, index) => ({ ...machine, roles: roles[index]! })),
  });
  const some = of(["control-plane", "etcd"], ["control-plane"], ["worker"]);
  expect([etcdMembers(some), separateEtcd(some)].map((one) => one.length)).toEqual([2, 0]);
  const mixed = of(["control-plane", "etcd"], ["control-plane"], ["etcd"]);
  expect([etcdMembers(mixed), separateEtcd(mixed)].map(names)).toEqual(Array(2).fill(names([first!, others[0]!])));
});

test("without Kubernetes the role starts etcd where every member has an address and a system of the operator's own", () => {
  const [plane, worker] = small.machines;
  const raw = full.machines[3]!.os;
  const { version: _, ...kubernetes } = small.kubernetes;
  const member = { ...plane!, os: raw, roles: ["control-plane", "etcd"] as const };
  const given = (...machines: readonly Machine[]) => names(etcdOfRole({ ...small, kubernetes, machines }));
  expect(given(member, worker!)).toEqual([member.name]);
  expect(given(member, { ...worker!, roles: ["etcd"] })).toEqual([]);
  const { address: __, ...nowhere } = member;
  expect(given(member, { ...nowhere, name: "other" })).toEqual([]);
  expect(names(etcdOfRole({ ...small, kubernetes: { ...kubernetes, version: "1.36.2" }, machines: [member, worker!] }))).toEqual([]);
});

test("each system is there once for each processor, unlisted machines' included", () => {
  expect(osChoices(small)).toEqual([{ os: { target: "flatcar", channel: "stable", version: "4593.2.5" }, architecture: "amd64" }]);
  expect(osChoices(full).map(({ os, architecture }) => `${os.target} ${architecture}`)).toEqual([
    "flatcar amd64",
    "flatcar arm64",
    "raw-image amd64",
  ]);
  expect(osChoices({ ...original, machines: [] })).toHaveLength(1);
  expect(osChoices(original)).toHaveLength(1);
});

test("images with the same URL and another hash are not the same", () => {
  const own = full.machines[3]!;
  if (own.os.target !== "raw-image") throw new Error("full.yml has changed");
  const other = { ...own, os: { ...own.os, image: { url: own.os.image.url } } };
  expect(osChoices({ ...full, machines: [own, own, other] })).toHaveLength(2);
});
