/** What several control planes, an etcd of its own and one address for all API servers ask of the machines and their networks. */
import { cidr, contains, type Ipv4, nth, within } from "../../address.ts";
import type { OsName, PodNetwork, RoleName, VirtualAddress } from "../../cluster.ts";
import { nodeMask } from "../../kubernetes/pod-ranges.ts";
import { type Facts, isUnclear, type MachineFacts, type Stated } from "../facts.ts";
import { type Finding, formatPath } from "../problem.ts";
import { fixed, inside, spell } from "./network.ts";

export interface HighAvailabilityFacts {
  readonly version?: Stated<string> | undefined;
  readonly virtual?: { readonly address?: Stated<Ipv4> | undefined; readonly by?: Stated<VirtualAddress["by"]> | undefined } | undefined;
  readonly expectedEtcd?: Stated<number> | undefined;
  readonly podNetwork?: Stated<PodNetwork> | undefined;
  readonly maxPods?: Stated<number> | undefined;
  readonly clusterDns?: "coredns" | "none" | undefined;
  /** Of each machine, in their order. `packages`: what the description has installed on it. */
  readonly systems: readonly { readonly target?: OsName | undefined; readonly packages?: readonly (string | undefined)[] | undefined }[];
}

type Given = Facts & { readonly kubernetes: HighAvailabilityFacts };

/** Without a release there is no Kubernetes, but there may be an etcd, and an address that keepalived moves. */
export function* checkHighAvailability(facts: Facts): Iterable<Finding> {
  const { kubernetes } = facts;
  if (!kubernetes) return;
  const given: Given = { ...facts, kubernetes };
  yield* podsNeedKubernetes(given);
  yield* addressIsFree(given);
  yield* systemsHaveKeepalived(given);
  yield* addressesAreReserved(given);
  if (!kubernetes.version) return;
  yield* enoughEtcd(given);
  yield* podsHaveRoom(given);
  yield* oneNetwork(given);
  yield* dnsIsTheTenth(given);
}

const has = ({ roles }: MachineFacts, role: RoleName): boolean => roles?.includes(role) ?? false;
const having = ({ machines }: Facts, role: RoleName): readonly MachineFacts[] => machines.filter((machine) => has(machine, role));
const called = ({ name, path }: MachineFacts): string => name?.value ?? formatPath(path);

function* podsNeedKubernetes({ kubernetes: { version, virtual } }: Given): Iterable<Finding> {
  if (version || virtual?.by?.value !== "kube-vip") return;
  yield { path: virtual.by.path, message: "kube-vip is a pod of Kubernetes; write kubernetes.version: too, or keepalived here" };
}

function* addressIsFree({ networks, machines, kubernetes, ...facts }: Given): Iterable<Finding> {
  const address = kubernetes.virtual?.address;
  if (!address) return;
  const { value, path } = address;
  yield* inside(networks[0].subnet, address, "an address of the machines' network that nobody has");
  const owner = fixed({ networks, machines, ...facts }).get(value);
  if (owner) yield { path, message: `${value} is ${owner}'s; write an address that nobody has` };
  const machine = machines.find((one) => one.address?.value === value);
  if (machine) yield { path, message: `${value} is also ${formatPath(machine.addressPath)}; write an address that nobody has` };
  const range = networks.flatMap(({ ranges }) => ranges).find((one) => within(one.value, value));
  if (range) yield { path, message: `${value} is inside the dynamic range ${spell(range.value)}; write one outside of it` };
}

const NEEDED = ["haproxy", "keepalived"];
/** Whose installer brings them to control planes by itself, or whose image is the operator's own. */
const WITH_KEEPALIVED: readonly OsName[] = ["enterprise-linux", "raw-image"];

function* systemsHaveKeepalived({ machines, kubernetes: { virtual, systems } }: Given): Iterable<Finding> {
  if (virtual?.by?.value !== "keepalived") return;
  const lacks = ({ target, packages = [] }: HighAvailabilityFacts["systems"][number]): boolean =>
    target !== undefined && !WITH_KEEPALIVED.includes(target) && !NEEDED.every((name) => packages.includes(name));
  const index = machines.findIndex(({ roles }, at) => roles?.includes("control-plane") && lacks(systems[at] ?? {}));
  if (index < 0) return;
  const { target } = systems[index]!;
  const instead = target === "debian" ? `packages: [${NEEDED.join(", ")}] for it, or kube-vip here` : "kube-vip";
  const message = `${NEEDED.join(" and ")} do not come with ${target}, which ${called(machines[index]!)} runs; write ${instead}`;
  yield { path: virtual.by.path, message };
}

function* addressesAreReserved(facts: Given): Iterable<Finding> {
  const planes = having(facts, "control-plane");
  const { version } = facts.kubernetes;
  const several = version && planes.length > 1 && "there are several control planes, which are found by their addresses";
  const because = facts.kubernetes.virtual ? "a virtual address stands for those of the control planes" : several;
  const [network] = facts.networks;
  for (const { address, addressPath: path, path: machine } of because ? planes : []) {
    if (!address && !isUnclear(facts, machine)) yield { path, message: `is missing, and ${because}; write an address for this machine` };
    const elsewhere = facts.kubernetes.virtual && address && network.subnet && !contains(network.subnet.value, address.value);
    if (elsewhere) {
      const message = `${address.value} is not in ${cidr(network.subnet.value)}, where the virtual address is to move; write an address in it for this machine`;
      yield { path, message };
    }
  }
  for (const { address, addressPath: path, path: machine, roles } of etcdOfRole(facts)) {
    if (address || isUnclear(facts, machine) || (because && roles?.includes("control-plane"))) continue;
    const otherwise = version ? "" : ", so none is started";
    const message = `is missing, and members of etcd are found by their addresses${otherwise}; write an address for this machine`;
    yield { path, message, ...(!version && { warning: true as const }) };
  }
}

/** As the function of this name in queries.ts, addresses aside. Where all with the role are control planes, kubeadm keeps etcd beside the API servers. */
function etcdOfRole({ machines, kubernetes: { version, systems } }: Given): readonly MachineFacts[] {
  const members = machines.map((machine, at) => ({ machine, target: systems[at]?.target })).filter(({ machine }) => has(machine, "etcd"));
  const own = version
    ? members.some(({ machine }) => !has(machine, "control-plane"))
    : members.every(({ target }) => target === "raw-image");
  return own ? members.map(({ machine }) => machine) : [];
}

function* enoughEtcd(facts: Given): Iterable<Finding> {
  const { expectedEtcd } = facts.kubernetes;
  if (!expectedEtcd || facts.machines.some(({ roles, path }) => !roles || isUnclear(facts, path))) return;
  const own = having(facts, "etcd");
  const members = own.some(({ roles }) => !roles?.includes("control-plane")) ? own : having(facts, "control-plane");
  if (expectedEtcd.value <= members.length) return;
  const there = members.length === 1 ? "only one machine keeps" : `only ${members.length} machines keep`;
  const message = `${expectedEtcd.value} members of etcd are waited for, and ${there} it; write ${members.length} or less`;
  yield { path: expectedEtcd.path, message };
}

/** Every node gets its part of the pods' network, as long as there are parts. */
function* podsHaveRoom(facts: Given): Iterable<Finding> {
  const { podSubnet, machines, kubernetes } = facts;
  const { maxPods } = kubernetes;
  if (!podSubnet || !maxPods) return;
  const nodes = machines.filter(({ roles }) => roles?.some((role) => role !== "etcd")).length;
  const mask = nodeMask(maxPods.value);
  const parts = mask < podSubnet.value.prefix ? 0 : 2 ** (mask - podSubnet.value.prefix);
  if (nodes <= parts) return;
  const wide = Math.max(8, mask - Math.ceil(Math.log2(nodes)));
  const each = `a /${mask} for each node, as ${maxPods.value} pods need it`;
  const message = `${cidr(podSubnet.value)} has ${parts} times ${each}, and there are ${nodes} nodes; write a network of /${wide} or larger, or fewer maxPods`;
  yield { path: podSubnet.path, message };
}

/** A route to another node's pods leads to that node, which must therefore be a neighbour. */
function* oneNetwork({ machines, networks, kubernetes: { podNetwork } }: Given): Iterable<Finding> {
  if (podNetwork?.value !== "bridge") return;
  const at = ({ address, roles }: MachineFacts) =>
    address && roles?.some((role) => role !== "etcd")
      ? networks.find(({ subnet }) => subnet && contains(subnet.value, address.value))
      : undefined;
  const first = machines.find((machine) => at(machine));
  const other = first && machines.find((machine) => at(machine) && at(machine) !== at(first));
  if (!first || !other) return;
  const message = `bridge joins nodes of one network, and ${called(first)} and ${called(other)} are in different ones; write flannel`;
  yield { path: podNetwork.path, message };
}

/** kubeadm's CoreDNS has always the tenth address of the services. */
function* dnsIsTheTenth({ kubernetes, serviceSubnet, dnsAddress }: Given): Iterable<Finding> {
  if (!dnsAddress || !serviceSubnet || kubernetes.clusterDns === "none") return;
  const tenth = nth(serviceSubnet.value, 10);
  if (dnsAddress.value === tenth) return;
  const message = `${dnsAddress.value} is not where kubeadm puts the cluster's DNS; write ${tenth}, leave it out, or write clusterDns: none`;
  yield { path: dnsAddress.path, message };
}
