/** What everybody asks of a Cluster: who a MAC is, what it is called, which systems must be there. */
import { dashed, type Mac } from "./address.ts";
import { ARCHITECTURES, type Architecture, type Cluster, type Machine, type Os } from "./cluster.ts";

/** The listed machine with this MAC. */
export const machineByMac = (cluster: Cluster, mac: Mac): Machine | undefined => cluster.machines.find((machine) => machine.mac === mac);

/** What a MAC becomes: its listed machine; a plain worker in a 2016-form cluster; undefined when it is only to be shown. */
export function becomes(cluster: Cluster, mac: Mac): Machine | undefined {
  const listed = machineByMac(cluster, mac);
  if (listed || cluster.unlisted.become === "discovered") return listed;
  const { os, disk, architecture } = cluster.unlisted;
  return { mac, name: dashed(mac), roles: ["worker"], architecture, os, disk, labels: {}, options: [], secureBoot: false };
}

/** Every processor that some machine has, in the order of ARCHITECTURES. */
export function architectures({ machines, unlisted }: Cluster): readonly Architecture[] {
  const there = new Set(machines.map(({ architecture }) => architecture));
  if (unlisted.become === "worker") there.add(unlisted.architecture);
  return ARCHITECTURES.filter((architecture) => there.has(architecture));
}

/** The host name of whoever has this MAC; the MAC with dashes when it is not listed. */
export const hostnameOf = (cluster: Cluster, mac: Mac): string => machineByMac(cluster, mac)?.name ?? dashed(mac);

export const fqdn = (machine: Pick<Machine, "name">, cluster: Pick<Cluster, "domain">): string => `${machine.name}.${cluster.domain}`;

export const controlPlanes = (cluster: Cluster): readonly Machine[] =>
  cluster.machines.filter(({ roles }) => roles.includes("control-plane"));

/** The machines that keep etcd: those with the role, or all control planes when nobody else has it. */
export function etcdMembers(cluster: Cluster): readonly Machine[] {
  const separate = separateEtcd(cluster);
  return separate.length > 0 ? separate : controlPlanes(cluster);
}

/** The members of an etcd that has machines of its own; none where only control planes have the role, as kubeadm keeps etcd on all of them. */
export function separateEtcd(cluster: Pick<Cluster, "machines">): readonly Machine[] {
  const members = cluster.machines.filter(({ roles }) => roles.includes("etcd"));
  return members.some(({ roles }) => !roles.includes("control-plane")) ? members : [];
}

/**
 * The members that the role etcd starts on its machines. With Kubernetes those of an etcd that has machines of its own: their program comes along. Without it
 * all that have the role, where each has a reserved address and for its system an image of the operator's own, which has brought the program; otherwise none.
 */
export function etcdOfRole(cluster: Cluster): readonly Machine[] {
  if (cluster.kubernetes.version !== undefined) return separateEtcd(cluster);
  const members = cluster.machines.filter(({ roles }) => roles.includes("etcd"));
  return members.every(({ os, address }) => os.target === "raw-image" && address !== undefined) ? members : [];
}

export interface OsChoice {
  readonly os: Os;
  readonly architecture: Architecture;
}

/** Every system that some machine may install, once each, in the order of the machines. */
export function osChoices(cluster: Cluster): readonly OsChoice[] {
  const wanted: OsChoice[] = cluster.unlisted.become === "worker" ? [...cluster.machines, cluster.unlisted] : [...cluster.machines];
  return [...new Map(wanted.map(({ os, architecture }) => [key({ os, architecture }), { os, architecture }])).values()];
}

/** The same for the same system, in whatever order its fields were written. */
const key = (choice: OsChoice): string => JSON.stringify(choice, (_, value: unknown) => (isBlock(value) ? inOrder(value) : value));
const isBlock = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);
const inOrder = (block: object): object => Object.fromEntries(Object.entries(block).sort(([a], [b]) => (a < b ? -1 : 1)));
