/** A description as the lab can run it: the user's machines and network, the lab's operating system. */
import type { Ipv4, Subnet } from "../cluster/address.ts";
import type { Cluster, DiskRule, Kubernetes, Machine, Mirror, Os } from "../cluster/cluster.ts";
import { dnsIn, moved, networkDifferences, networkIn, raw, time } from "./rehearsal-network.ts";

export interface Lab {
  readonly os: Extract<Os, { target: "raw-image" }>;
  /** A public key that may log in to every node. */
  readonly sshKey: string;
  readonly mirrors: readonly Mirror[];
  /** Container images that the lab has, in place of those described. */
  readonly images: readonly string[];
}

export interface Rehearsal {
  /** In the form of cluster-desc.yml. */
  readonly description: unknown;
  /** What is not as the user described it, in words. */
  readonly differences: readonly string[];
}

export function rehearse(cluster: Cluster, lab: Lab): Rehearsal {
  const { kubernetes, machines, install } = cluster;
  const at = moved(cluster);
  const description = {
    cluster: cluster.name,
    domain: cluster.domain,
    network: networkIn(cluster),
    dns: dnsIn(cluster),
    os: lab.os,
    kubernetes: kubernetesIn(kubernetes, at),
    sshKeys: [...new Set([...cluster.sshKeys, lab.sshKey])],
    machines: machines.map(({ mac, name, address, roles, disk, labels, taints, options, kubernetes: release }) => ({
      mac,
      name,
      ...(address && { address: at.get(address) ?? address }),
      roles,
      disk: rule(disk),
      labels,
      ...(taints && { taints }),
      options: raw(options),
      ...(release && { kubernetes: release }),
    })),
    images: lab.images,
    mirrors: [...lab.mirrors, ...cluster.mirrors],
    install: { window: time(install.window), attempts: install.attempts },
  };
  return { description, differences: differences(cluster) };
}

const written = ({ base, prefix }: Subnet): string => `${base}/${prefix}`;

function kubernetesIn({ tags: _, ...kubernetes }: Kubernetes, at: ReadonlyMap<Ipv4, Ipv4>) {
  const { podSubnet, serviceSubnet, nodePorts, virtualAddress, addons } = kubernetes;
  return {
    ...kubernetes,
    podSubnet: written(podSubnet),
    serviceSubnet: written(serviceSubnet),
    nodePorts: nodePorts.join("-"),
    ...(virtualAddress && { virtualAddress: { ...virtualAddress, address: at.get(virtualAddress.address) ?? virtualAddress.address } }),
    addons: Object.fromEntries(addons.map(({ name, settings }) => [name, settings])),
  };
}

function differences(cluster: Cluster): readonly string[] {
  const { network, machines, unlisted, images } = cluster;
  const systems = [...new Set(machines.map(({ os }) => os.target))].join(" and ");
  const foreign = machines.filter(({ architecture }) => architecture !== "amd64");
  const signed = machines.filter(({ secureBoot }) => secureBoot);
  const linked = machines.filter(({ disk }) => isLink(disk));
  return [
    `every machine gets the lab's own node image instead of ${systems}`,
    ...(foreign.length > 0 ? [`${names(foreign)}: the lab's machines are amd64`] : []),
    ...(linked.length > 0 ? [`${names(linked)}: the disk rule without its /dev/disk/by-... link, which names hardware the lab lacks`] : []),
    ...(signed.length > 0 ? [`${names(signed)}: the lab's firmware starts what nobody signed`] : []),
    ...networkDifferences(cluster),
    ...(network.dhcp === "proxy" ? ["the bootstrapper gives the addresses itself: the site's DHCP server is not in the lab"] : []),
    ...(images.length > 0 ? [`no container images are fetched: nothing in the lab would run ${images.join(", ")}`] : []),
    ...(unlisted.become === "worker" ? ["a machine that is not listed is left alone"] : []),
  ];
}

const names = (machines: readonly Machine[]): string => machines.map(({ name }) => name).join(", ");
const isLink = ({ device }: DiskRule): boolean => device?.startsWith("/dev/disk/") ?? false;

/** The wiping rule stays as it is; the lab's disks are blank. */
function rule(disk: DiskRule) {
  const { device, serial, minSize, maxSize, pick, wipe } = disk;
  return {
    ...(device !== undefined && !isLink(disk) && { device }),
    ...(serial !== undefined && { serial }),
    ...(minSize !== undefined && { minSize: size(minSize) }),
    ...(maxSize !== undefined && { maxSize: size(maxSize) }),
    pick,
    wipe,
  };
}

const UNITS = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** The description takes at most nine digits before the unit and three behind the point; beyond 1 TB that is kilobytes. */
function size(bytes: number): string {
  const exact = Object.entries(UNITS).find(([, factor]) => bytes % factor === 0 && bytes / factor < 1e9);
  if (exact) return `${bytes / exact[1]}${exact[0]}`;
  return bytes < 1e12 ? `${(bytes / 1e3).toFixed(3)}k` : `${(bytes / 1e6).toFixed(3)}M`;
}
